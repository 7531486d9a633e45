//! `[[generated]]`: files that a program writes.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::value::{Glob, Text};

/// Generated files and their generator.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GeneratedFiles {
    /// The files: globs, relative to the workspace root.
    #[schemars(with = "Vec<Glob>", length(min = 1), extend("examples" = [["docs/schema/*.json"]]))]
    pub files: Vec<String>,
    /// The command that writes them.
    #[schemars(with = "Text", extend("examples" = ["cargo xtask docs"]))]
    pub generator: String,
    /// The files they are generated from: globs, relative to the workspace root.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>", extend("examples" = [["src/**/*.rs"]]))]
    pub sources: Vec<String>,
    /// Whether the files have no mark because their format has no place for one.
    #[serde(default)]
    pub unmarked: bool,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}
