//! Releases: changelogs, approvals, files that repeat the version, promises about what goes away.

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::RawDate;

/// What a release needs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawRelease {
    /// Paths of changelogs. Each belongs to the package whose directory it lies in; one in the directory of no package
    /// belongs to all publishable packages without one of their own.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "path" },
        "examples" = [["CHANGELOG.md"]]
    ))]
    pub(in crate::policy) changelogs: Vec<String>,
    /// Whether each stable major version (1.0 and later) of a publishable package needs an approval.
    #[serde(default)]
    pub(in crate::policy) approve_majors: bool,
    /// Approvals of major versions.
    #[serde(default)]
    #[schemars(with = "Vec<RawApproval>")]
    pub(in crate::policy) approval: Vec<Spanned<RawApproval>>,
    /// Files that repeat the version of the workspace.
    #[serde(default)]
    #[schemars(with = "Vec<RawVersionFile>")]
    pub(in crate::policy) version_file: Vec<Spanned<RawVersionFile>>,
}

/// The approval of a major version.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawApproval {
    /// The major version, such as 1 for 1.x.
    #[schemars(range(min = 1, max = 1_000_000), extend("examples" = [1]))]
    pub(in crate::policy) major: u64,
    /// Packages that it is for; all when absent.
    #[serde(default)]
    #[schemars(extend("items" = { "type": "string", "minLength": 1, "maxLength": 200, "x-format": "text" }))]
    pub(in crate::policy) packages: Vec<String>,
    /// Path of the reviewed record.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "path", "examples" = ["docs/approvals/1.0.md"]))]
    pub(in crate::policy) record: String,
    /// Who approved it: a team or a person.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "text", "examples" = ["release-board"]))]
    pub(in crate::policy) by: String,
    /// Day of the approval, in UTC.
    #[schemars(extend("examples" = ["2030-01-31"]))]
    pub(in crate::policy) date: RawDate,
}

/// A file that repeats a version.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawVersionFile {
    /// Path of the file: JSON, TOML, or a text that is nothing but the version.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "path", "examples" = ["editors/code/package.json"]))]
    pub(in crate::policy) path: String,
    /// Where in a JSON or TOML file the version stands, as a JSON pointer.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "pointer", "examples" = ["/version"]))]
    pub(in crate::policy) pointer: Option<String>,
    /// Package whose version it repeats; needed where the members have different ones.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "text", "examples" = ["my-crate"]))]
    pub(in crate::policy) package: Option<String>,
}

/// A public item that goes away.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawDeprecation {
    /// Path of the item, beginning with the name of the library.
    #[schemars(length(min = 1, max = 500), extend("x-format" = "item", "examples" = ["my_crate::Client::fetch"]))]
    pub(in crate::policy) item: String,
    /// Version that deprecated it.
    #[schemars(length(min = 1, max = 100), extend("x-format" = "version", "examples" = ["1.4.0"]))]
    pub(in crate::policy) since: String,
    /// First version that may be without it.
    #[schemars(length(min = 1, max = 100), extend("x-format" = "version", "examples" = ["2.0.0"]))]
    pub(in crate::policy) remove_in: String,
    /// What to use instead.
    #[schemars(length(min = 1, max = 500), extend("x-format" = "text", "examples" = ["`Client::get`"]))]
    pub(in crate::policy) replacement: String,
}
