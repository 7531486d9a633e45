//! `[[generated]]`: files that a program writes.

use schemars::JsonSchema;
use serde::Deserialize;

/// Files that a program writes, and which one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawGenerated {
    /// The files: globs, relative to the workspace root.
    #[schemars(extend(
        "minItems" = 1,
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "glob" },
        "examples" = [["docs/schema/*.json"]]
    ))]
    pub(in crate::policy) files: Vec<String>,
    /// The command that writes them.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "text", "examples" = ["cargo xtask docs"]))]
    pub(in crate::policy) generator: String,
    /// What they are made from: globs, relative to the workspace root.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "glob" },
        "examples" = [["src/**/*.rs"]]
    ))]
    pub(in crate::policy) sources: Vec<String>,
    /// Whether the files cannot hold a mark, because their form has no place for one.
    #[serde(default)]
    pub(in crate::policy) unmarked: bool,
}
