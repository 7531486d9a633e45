//! `[[checklist.<stage>]]`.

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

/// Exit checklists of the stages. A stage asks for its own items and for those of the stages before it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::policy) struct RawChecklists {
    /// Items that pilot and every later stage ask for.
    #[serde(default)]
    #[schemars(with = "Vec<RawChecklistItem>")]
    pub(in crate::policy) pilot: Vec<Spanned<RawChecklistItem>>,
    /// Items that controlled and broad ask for.
    #[serde(default)]
    #[schemars(with = "Vec<RawChecklistItem>")]
    pub(in crate::policy) controlled: Vec<Spanned<RawChecklistItem>>,
    /// Items that broad asks for.
    #[serde(default)]
    #[schemars(with = "Vec<RawChecklistItem>")]
    pub(in crate::policy) broad: Vec<Spanned<RawChecklistItem>>,
}

/// One item of a checklist. Whether it is met is computed from its checks and artifacts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("x-refused" = {
    "status": "remove it: whether the item is met is computed from `checks` and `artifacts`",
    "done": "remove it: whether the item is met is computed from `checks` and `artifacts`"
}))]
pub(in crate::policy) struct RawChecklistItem {
    /// Unique name: lowercase letters, digits, `-` and `_`, starting with a letter or digit.
    #[schemars(length(min = 1, max = 64), extend("x-format" = "suite-name", "examples" = ["runbook-written"]))]
    pub(in crate::policy) id: String,
    /// What must be true, one sentence.
    #[schemars(length(min = 1, max = 500), extend("x-format" = "text", "examples" = ["The runbook is written"]))]
    pub(in crate::policy) description: String,
    /// Ids of checks that must pass, with `*` for any characters.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 200, "x-format": "check-pattern" },
        "examples" = [["suite.test.*"]]
    ))]
    pub(in crate::policy) checks: Vec<String>,
    /// Files that must be there and not empty: a path relative to the workspace root, or `{ path = "…", sha256 = "…" }`.
    #[serde(default)]
    #[schemars(extend("examples" = [["docs/runbook.md"]]))]
    pub(in crate::policy) artifacts: Vec<RawArtifact>,
}

/// A file that a checklist item asks for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::policy) enum RawArtifact {
    /// Any contents, but not none.
    Path(#[schemars(length(min = 1, max = 1000), extend("x-format" = "path"))] String),
    /// These contents.
    Pinned(RawPinnedArtifact),
}

/// A file with the digest of its contents.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::policy) struct RawPinnedArtifact {
    /// Path relative to the workspace root.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "path", "examples" = ["docs/runbook.md"]))]
    pub(in crate::policy) path: String,
    /// SHA-256 of its bytes in lowercase hexadecimal, as `sha256sum` prints it.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "sha256", "x-missing" = "add `sha256 = \"…\"`, or write the path alone"))]
    pub(in crate::policy) sha256: String,
}
