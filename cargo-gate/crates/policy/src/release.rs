//! `[release]` and `[[deprecation]]`: what a release needs, and what is promised about items that go away.

use crate::JsonSchema;
use jiff::civil::Date;
use semver::Version;
use serde::{Deserialize, Serialize};

use gate_base::stage::Stage;
use gate_report::Location;

use super::value::{Day, FilePath, Glob, ItemPath, Platform, Pointer, SemVersion, Text};

/// Requirements on a release, and what `cargo gate release` makes.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReleasePolicy {
    /// Paths of changelogs. A changelog belongs to the package in whose directory it is; one outside any package
    /// directory belongs to all publishable packages without their own.
    #[serde(default)]
    #[schemars(with = "Vec<FilePath>", extend("examples" = [["CHANGELOG.md"]]))]
    pub changelogs: Vec<String>,
    /// Whether each stable major version (1.0 and later) of a publishable package needs an approval.
    #[serde(default)]
    pub approve_majors: bool,
    /// Approvals of major versions.
    #[serde(default, rename = "approval")]
    pub approvals: Vec<Approval>,
    /// Files that repeat the version of the workspace.
    #[serde(default, rename = "version-file")]
    pub version_files: Vec<VersionFile>,
    /// Stage whose decision a release needs. Default: `broad`.
    #[schemars(extend("examples" = ["broad"]))]
    pub stage: Option<Stage>,
    /// Package whose name and version the release has. Default: the root package, or the workspace if all publishable
    /// packages have one version.
    #[schemars(with = "Option<Text>", extend("examples" = ["my-tool"]))]
    pub package: Option<String>,
    /// Name of the tag, with `{version}` in it. Default: `v{version}`.
    #[schemars(with = "Option<Text>", extend("examples" = ["v{version}"]))]
    pub tag: Option<String>,
    /// Git remote that must have the tag. Default: `origin`.
    #[schemars(with = "Option<Text>", extend("examples" = ["origin"]))]
    pub remote: Option<String>,
    /// Registry to publish to, as cargo's configuration names it. Default: the one that each package names, or else crates.io.
    #[schemars(with = "Option<Text>", extend("examples" = ["internal"]))]
    pub registry: Option<String>,
    /// Profile of the binaries. Default: `release`.
    #[schemars(with = "Option<Text>", extend("examples" = ["release"]))]
    pub profile: Option<String>,
    /// Target triples of the binaries. Default: the machine's own.
    #[serde(default)]
    #[schemars(with = "Vec<Platform>", extend("examples" = [["x86_64-unknown-linux-gnu"]]))]
    pub targets: Vec<String>,
    /// Binaries to ship. Default: those of all publishable packages.
    #[schemars(with = "Option<Vec<Text>>", extend("examples" = [["my-tool"]]))]
    pub binaries: Option<Vec<String>>,
    /// Archives of tracked files to ship, such as PTX with its lock, or schemas.
    #[serde(default, rename = "archive")]
    pub archives: Vec<ReleaseArchive>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// An archive of tracked files.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReleaseArchive {
    /// Name of the archive, to which the version is added.
    #[schemars(with = "Text<100>", extend("examples" = ["schemas"]))]
    pub name: String,
    /// The files: globs, relative to the workspace root. Each must match a tracked file.
    #[schemars(with = "Vec<Glob>", length(min = 1), extend("examples" = [["docs/schema/*.json"]]))]
    pub files: Vec<String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// The approval of a major version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Approval {
    /// The major version, such as 1 for 1.x.
    #[schemars(range(min = 1, max = 1_000_000), extend("examples" = [1]))]
    pub major: u64,
    /// Packages that it covers. Default: all.
    #[serde(default)]
    #[schemars(with = "Vec<Text>")]
    pub packages: Vec<String>,
    /// Path of the record of the review.
    #[schemars(with = "FilePath", extend("examples" = ["docs/approvals/1.0.md"]))]
    pub record: String,
    /// Who approved it: a team or a person.
    #[schemars(with = "Text", extend("examples" = ["release-board"]))]
    pub by: String,
    /// Date of the approval, in UTC.
    #[schemars(with = "Day", extend("examples" = ["2030-01-31"]))]
    pub date: Date,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// A file that repeats a version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct VersionFile {
    /// Path of the file: JSON, TOML, or a text file with only the version.
    #[schemars(with = "FilePath", extend("examples" = ["editors/code/package.json"]))]
    pub path: String,
    /// JSON pointer to the version in a JSON or TOML file.
    #[schemars(with = "Option<Pointer>", extend("examples" = ["/version"]))]
    pub pointer: Option<String>,
    /// Package whose version it repeats. Required if the members have different versions.
    #[schemars(with = "Option<Text>", extend("examples" = ["my-crate"]))]
    pub package: Option<String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// A public item that will be removed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Deprecation {
    /// Path of the item, starting with the name of the library.
    #[schemars(with = "ItemPath", extend("examples" = ["my_crate::Client::fetch"]))]
    pub item: String,
    /// Version that deprecated it.
    #[schemars(with = "SemVersion", extend("examples" = ["1.4.0"]))]
    pub since: Version,
    /// First version that may remove it.
    #[schemars(with = "SemVersion", extend("examples" = ["2.0.0"]))]
    pub remove_in: Version,
    /// What to use instead.
    #[schemars(with = "Text<500>", extend("examples" = ["`Client::get`"]))]
    pub replacement: String,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

impl ReleasePolicy {
    /// Stage whose decision a release needs.
    pub fn stage(&self) -> Stage {
        self.stage.unwrap_or(Stage::Broad)
    }

    /// The tag of a version.
    pub fn tag(&self, version: &Version) -> String {
        let pattern = self.tag.as_deref().unwrap_or("v{version}");
        pattern.replace("{version}", &version.to_string())
    }

    /// Every file that is named, in no order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let changelogs = self.changelogs.iter().map(String::as_str);
        let records = self.approvals.iter().map(|approval| approval.record.as_str());
        let versions = self.version_files.iter().map(|file| file.path.as_str());
        changelogs.chain(records).chain(versions)
    }
}
