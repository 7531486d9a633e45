//! What users may rely on: classes of public items and documents.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

/// What may happen to a surface between two releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StabilityClass {
    /// It stays as it was released, until the version says otherwise.
    Stable,
    /// It may change; changes are shown.
    Fluid,
    /// It is nobody's business.
    Internal,
}

impl StabilityClass {
    /// The word as it is written.
    pub fn name(self) -> &'static str {
        match self {
            StabilityClass::Stable => "stable",
            StabilityClass::Fluid => "fluid",
            StabilityClass::Internal => "internal",
        }
    }
}

/// Which public items and documents stay as they were released.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawStability {
    /// The last release: a tag, a branch or a commit; or a pattern over tags, which means the highest version that is
    /// an ancestor of the commit and not the commit itself.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "revision", "examples" = ["v*", "v1.4.0"]))]
    pub(in crate::policy) reference: String,
    /// Class of public items that no surface names.
    #[serde(default = "stable")]
    pub(in crate::policy) default: StabilityClass,
    /// Surfaces of another class. The last one that matches decides.
    #[serde(default)]
    #[schemars(with = "Vec<RawSurface>")]
    pub(in crate::policy) surface: Vec<Spanned<RawSurface>>,
}

fn stable() -> StabilityClass {
    StabilityClass::Stable
}

/// Items and files of one class.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawSurface {
    /// What may happen to them.
    #[schemars(extend("examples" = ["fluid"]))]
    pub(in crate::policy) class: StabilityClass,
    /// Paths of items, beginning with the name of the library; each means what is below it too. `*` stands for any characters of a name.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 500, "x-format": "surface" },
        "examples" = [["my_crate::experimental", "my_crate::Client::raw_*"]]
    ))]
    pub(in crate::policy) items: Vec<String>,
    /// Globs over source files, which mean the items that are defined there, and over tracked Markdown files.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "glob" },
        "examples" = [["docs/format.md"]]
    ))]
    pub(in crate::policy) paths: Vec<String>,
}
