//! What a release needs, and what is promised about items that go away.

use std::ops::Range;

use jiff::civil::Date;
use semver::Version;
use serde::Serialize;
use toml::Spanned;

use crate::report::Location;

use super::problem::Problem;
use super::raw::{RawDeprecation, RawRelease};
use super::section::section;
use super::value::{Converted, day};

/// What a release needs.
#[derive(Debug, Clone, Serialize)]
pub struct ReleasePolicy {
    /// Paths of changelogs.
    pub changelogs: Vec<String>,
    /// Whether each stable major version needs an approval.
    pub approve_majors: bool,
    /// Approvals in the order of the file.
    pub approvals: Vec<Approval>,
    /// Files that repeat a version, in the order of the file.
    pub version_files: Vec<VersionFile>,
    /// Where `[release]` is declared.
    pub location: Location,
}

/// The approval of a major version.
#[derive(Debug, Clone, Serialize)]
pub struct Approval {
    /// The major version.
    pub major: u64,
    /// Packages that it is for; all when empty.
    pub packages: Vec<String>,
    /// Path of the record.
    pub record: String,
    /// Who approved it.
    pub by: String,
    /// Day of the approval.
    pub date: Date,
    /// Where it is declared.
    pub location: Location,
}

/// A file that repeats a version.
#[derive(Debug, Clone, Serialize)]
pub struct VersionFile {
    /// Its path.
    pub path: String,
    /// JSON pointer to the version; `None` when the file is nothing but the version.
    pub pointer: Option<String>,
    /// Package whose version it repeats; `None` for the version that all members share.
    pub package: Option<String>,
    /// Where it is declared.
    pub location: Location,
}

/// A public item that goes away.
#[derive(Debug, Clone, Serialize)]
pub struct Deprecation {
    /// Path of the item, beginning with the name of the library.
    pub item: String,
    /// Version that deprecated it.
    pub since: Version,
    /// First version that may be without it.
    pub remove_in: Version,
    /// What to use instead.
    pub replacement: String,
    /// Where it is declared.
    pub location: Location,
}

impl ReleasePolicy {
    /// Every file that is named, in no order.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        let changelogs = self.changelogs.iter().map(String::as_str);
        let records = self.approvals.iter().map(|approval| approval.record.as_str());
        let versions = self.version_files.iter().map(|file| file.path.as_str());
        changelogs.chain(records).chain(versions)
    }
}

pub(super) fn convert(raw: Spanned<RawRelease>, at: &impl Fn(Range<usize>) -> Location) -> Converted<ReleasePolicy> {
    let location = at(raw.span());
    let raw = raw.into_inner();
    let approvals = raw.approval.into_iter().map(|approval| {
        let span = approval.span();
        let approval = approval.into_inner();
        Ok(Approval {
            major: approval.major,
            packages: approval.packages,
            record: approval.record,
            by: approval.by,
            date: day(&approval.date, &span)?,
            location: at(span),
        })
    });
    let version_files = raw.version_file.into_iter().map(|file| {
        let location = at(file.span());
        let file = file.into_inner();
        VersionFile {
            path: file.path,
            pointer: file.pointer,
            package: file.package,
            location,
        }
    });
    Ok(ReleasePolicy {
        changelogs: raw.changelogs,
        approve_majors: raw.approve_majors,
        approvals: approvals.collect::<Converted<_>>()?,
        version_files: version_files.collect(),
        location,
    })
}

pub(super) fn deprecation(
    raw: Spanned<RawDeprecation>,
    at: &impl Fn(Range<usize>) -> Location,
) -> Converted<Deprecation> {
    let span = raw.span();
    let raw = raw.into_inner();
    let version = |text: &str| {
        text.parse().map_err(|_| {
            Problem::new(span.clone(), "a version is not understood").rule(&super::rule::MALFORMED_VERSION)
        })
    };
    Ok(Deprecation {
        since: version(&raw.since)?,
        remove_in: version(&raw.remove_in)?,
        item: raw.item,
        replacement: raw.replacement,
        location: at(span),
    })
}

section!(ReleasePolicy, "release", release: Option<ReleasePolicy>);
section!(Deprecation, "deprecations", deprecations: Vec<Deprecation>);
