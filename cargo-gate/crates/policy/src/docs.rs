//! `[docs]`: documents that must keep what they say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::section::section;
use super::value::Glob;

/// Documents that must keep what they say. Each key takes globs over tracked Markdown files.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DocsPolicy {
    /// Documents whose relative links and anchors must resolve. Without it all are looked at, and nothing blocks.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>", extend("examples" = [["README.md", "docs/**/*.md"]]))]
    pub links: Vec<String>,
    /// Documents whose console commands must name packages, targets, features and flags that exist.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>", extend("examples" = [["README.md"]]))]
    pub commands: Vec<String>,
    /// Documents whose checkboxes must agree with the outcomes of the checks that they name.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>", extend("examples" = [["ROADMAP.md"]]))]
    pub status: Vec<String>,
    /// Documents whose generated blocks must equal what is generated now.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>", extend("examples" = [["docs/support-matrix.md"]]))]
    pub generated: Vec<String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

section!(DocsPolicy, "docs", docs: Option<DocsPolicy>);
