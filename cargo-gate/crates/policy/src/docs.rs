//! `[docs]`: documents that must keep what they say.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::value::Glob;

/// Documents whose contents are checked. Each key takes globs over tracked Markdown files.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DocsPolicy {
    /// Documents whose relative links and anchors must resolve. Without it, all documents are checked, but nothing
    /// blocks.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>", extend("examples" = [["README.md", "docs/**/*.md"]]))]
    pub links: Vec<String>,
    /// Documents whose console commands must refer to existing packages, targets, features and flags.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>", extend("examples" = [["README.md"]]))]
    pub commands: Vec<String>,
    /// Documents whose checkboxes must match the outcomes of the checks attached to them.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>", extend("examples" = [["ROADMAP.md"]]))]
    pub status: Vec<String>,
    /// Documents whose generated blocks must be up to date.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>", extend("examples" = [["docs/support-matrix.md"]]))]
    pub generated: Vec<String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}
