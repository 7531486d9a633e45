//! `[toolchain]`: the compilers, said once.

use std::ops::Range;

use jiff::civil::Date;
use semver::Version;
use serde::Serialize;
use toml::Spanned;

use crate::report::Location;

pub use super::raw::FloorRelease;
use super::raw::RawToolchain;
use super::section::section;
use super::value::{Converted, day};

/// The compilers of the workspace.
#[derive(Debug, Clone, Serialize)]
pub struct ToolchainPolicy {
    /// The channel that builds releases.
    pub release: String,
    /// The oldest supported Rust, as it is written.
    pub minimum: String,
    /// The version of cargo's resolver, where it is declared.
    pub resolver: Option<String>,
    /// Day of the last review.
    pub reviewed: Date,
    /// Weeks between two reviews.
    pub review_cadence: u32,
    /// Days between the announcement of a higher minimum and the change.
    pub floor_notice: u32,
    /// Which release may raise the minimum.
    pub floor_raise_release: FloorRelease,
    /// Announcements in the order of the file.
    pub floors: Vec<Floor>,
    /// Where `[toolchain]` is declared.
    pub location: Location,
}

/// The announcement of a higher minimum.
#[derive(Debug, Clone, Serialize)]
pub struct Floor {
    /// What the minimum will be.
    pub minimum: String,
    /// Day of the announcement.
    pub announced: Date,
    /// Where it is declared.
    pub location: Location,
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

pub(super) fn convert(
    raw: Spanned<RawToolchain>,
    at: &impl Fn(Range<usize>) -> Location,
) -> Converted<ToolchainPolicy> {
    let span = raw.span();
    let raw = raw.into_inner();
    let floors = raw.floor.into_iter().map(|floor| {
        let span = floor.span();
        let floor = floor.into_inner();
        Ok(Floor {
            minimum: floor.minimum,
            announced: day(&floor.announced, &span)?,
            location: at(span),
        })
    });
    Ok(ToolchainPolicy {
        release: raw.release,
        minimum: raw.minimum,
        resolver: raw.resolver.map(|resolver| resolver.name().to_owned()),
        reviewed: day(&raw.reviewed, &span)?,
        review_cadence: raw.review_cadence,
        floor_notice: raw.floor_notice,
        floor_raise_release: raw.floor_raise_release,
        floors: floors.collect::<Converted<_>>()?,
        location: at(span),
    })
}

section!(ToolchainPolicy, "toolchain", toolchain: Option<ToolchainPolicy>);

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
