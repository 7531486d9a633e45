//! `[boundary]`: where raw authority is allowed.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::value::{FilePath, Glob, Text, yes};

/// Rules for raw authority.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BoundaryPolicy {
    /// Whether each unsafe block needs a `SAFETY:` comment.
    #[serde(default = "yes")]
    pub safety_comments: bool,
    /// Path of the tracked inventory of raw boundaries. Without it, no inventory is kept.
    #[schemars(with = "Option<FilePath>", extend("examples" = ["boundary_inventory.json"]))]
    pub inventory: Option<String>,
    /// Files of crates that are not `native` in which raw authority is allowed.
    #[serde(default)]
    pub allow: Vec<BoundaryAllow>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// Files in which raw authority is allowed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BoundaryAllow {
    /// Glob over paths relative to the workspace root.
    #[schemars(with = "Glob", extend("examples" = ["src/ffi/**"]))]
    pub path: String,
    /// Why raw authority is needed there.
    #[schemars(with = "Text<1000>", extend("examples" = ["bindings to libfoo"]))]
    pub reason: String,
    /// Owner: a team or a person.
    #[schemars(with = "Text", extend("examples" = ["platform-team"]))]
    pub owner: String,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}
