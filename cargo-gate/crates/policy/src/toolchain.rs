//! `[toolchain]`: the compilers, said once.

use crate::JsonSchema;
use jiff::civil::Date;
use semver::Version;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::value::{Day, RustVersion, Text};

/// The toolchain of the workspace. Files that repeat it must match byte for byte; `cargo gate source docs` writes them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ToolchainPolicy {
    /// The compiler for releases: the channel of `rust-toolchain.toml`.
    #[schemars(with = "Text<100>", extend("examples" = ["1.95.0"]))]
    pub release: String,
    /// The minimum supported Rust: the `rust-version` of every publishable member.
    #[schemars(with = "RustVersion", extend("examples" = ["1.85"]))]
    pub minimum: String,
    /// The version of cargo's resolver, declared in manifests or implied by their edition.
    #[schemars(with = "Option<Resolver>", extend("examples" = ["3"]))]
    pub resolver: Option<String>,
    /// Date of the last review of this section, in UTC.
    #[schemars(with = "Day", extend("examples" = ["2026-01-31"]))]
    pub reviewed: Date,
    /// Weeks between reviews.
    #[serde(default = "twelve")]
    #[schemars(range(min = 1, max = 104), extend("x-sane-min" = 4, "x-sane-max" = 52, "x-why" = "a compiler is released every six weeks"))]
    pub review_cadence: u32,
    /// Days between the announcement of a higher `minimum` and the change itself.
    #[serde(default = "thirty")]
    #[schemars(range(min = 0, max = 730), extend("x-sane-min" = 7, "x-sane-max" = 365, "x-why" = "users need time to follow"))]
    pub floor_notice: u32,
    /// Which release may raise `minimum`: minor or major. Before 1.0, the second number counts as major.
    #[serde(default)]
    pub floor_raise_release: FloorRelease,
    /// Announcements of a higher `minimum`.
    #[serde(default, rename = "floor")]
    pub floors: Vec<Floor>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// The announcement of a higher `minimum`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Floor {
    /// The new `minimum`.
    #[schemars(with = "RustVersion", extend("examples" = ["1.88"]))]
    pub minimum: String,
    /// Date of the announcement, in UTC.
    #[schemars(with = "Day", extend("examples" = ["2026-01-31"]))]
    pub announced: Date,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// A version of cargo's resolver.
#[derive(JsonSchema)]
#[expect(
    dead_code,
    reason = "words of the schema; the policy keeps the version as it is written"
)]
enum Resolver {
    /// The default of the editions 2015 and 2018.
    #[schemars(rename = "1")]
    One,
    /// The default of the edition 2021.
    #[schemars(rename = "2")]
    Two,
    /// The default of the edition 2024: it respects `rust-version`.
    #[schemars(rename = "3")]
    Three,
}

/// The smallest release that may raise the minimum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FloorRelease {
    /// A minor release.
    #[default]
    Minor,
    /// A major release.
    Major,
}

fn twelve() -> u32 {
    12
}

fn thirty() -> u32 {
    30
}

impl FloorRelease {
    /// Name as it is written.
    pub fn name(self) -> &'static str {
        match self {
            FloorRelease::Minor => "minor",
            FloorRelease::Major => "major",
        }
    }

    /// Whether the step between two versions is large enough. Before 1.0 the second number counts as the first.
    pub fn allows(self, before: &Version, after: &Version) -> bool {
        let major = |version: &Version| (version.major, if version.major == 0 { version.minor } else { 0 });
        match self {
            FloorRelease::Major => major(before) != major(after),
            FloorRelease::Minor => (before.major, before.minor) != (after.major, after.minor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_is_raised_by_a_release_that_is_large_enough() {
        let allows = |release: FloorRelease, before: &str, after: &str| {
            release.allows(&before.parse().expect("a version"), &after.parse().expect("a version"))
        };
        for (before, after, minor, major) in [
            ("1.2.0", "1.2.1", false, false),
            ("1.2.0", "1.3.0-rc.1", true, false),
            ("1.2.0", "2.0.0", true, true),
            ("0.2.0", "0.2.9", false, false),
            ("0.2.9", "0.3.0", true, true),
            ("0.9.0", "1.0.0", true, true),
        ] {
            assert_eq!(allows(FloorRelease::Minor, before, after), minor, "{before} {after}");
            assert_eq!(allows(FloorRelease::Major, before, after), major, "{before} {after}");
        }
    }
}
