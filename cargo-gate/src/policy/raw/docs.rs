//! Documents that must keep what they say.

use schemars::JsonSchema;
use serde::Deserialize;

/// Documents that must keep what they say. Each key takes globs over tracked Markdown files.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawDocs {
    /// Documents whose relative links and anchors must resolve. Without it all are looked at, and nothing blocks.
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "glob" },
        "examples" = [["README.md", "docs/**/*.md"]]
    ))]
    pub(in crate::policy) links: Vec<String>,
    /// Documents whose console commands must name packages, targets, features and flags that exist.
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "glob" },
        "examples" = [["README.md"]]
    ))]
    pub(in crate::policy) commands: Vec<String>,
    /// Documents whose checkboxes must agree with the outcomes of the checks that they name.
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "glob" },
        "examples" = [["ROADMAP.md"]]
    ))]
    pub(in crate::policy) status: Vec<String>,
    /// Documents whose generated blocks must equal what is generated now.
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "glob" },
        "examples" = [["docs/support-matrix.md"]]
    ))]
    pub(in crate::policy) generated: Vec<String>,
}
