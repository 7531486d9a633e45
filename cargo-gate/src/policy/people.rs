//! Who answers for what, and who may permit a finding.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;
use toml::Spanned;

use crate::report::Location;

use super::raw::{RawOwners, RawWaivers};
use super::section::section;

/// Who answers for what.
#[derive(Debug, Clone, Serialize)]
pub struct OwnerPolicy {
    /// Who answers for whatever is not named otherwise.
    pub default: Option<String>,
    /// Owners of packages, by name or pattern.
    pub packages: BTreeMap<String, String>,
    /// Owners of suites, by name or pattern.
    pub suites: BTreeMap<String, String>,
    /// Where it is declared.
    pub location: Location,
}

/// Who may permit a finding, and for how long.
#[derive(Debug, Clone, Serialize)]
pub struct WaiverPolicy {
    /// Ed25519 keys in the form of OpenSSH; with any, only a signed waiver counts.
    pub keys: Vec<String>,
    /// Most days from now on which a waiver may end.
    pub max_days: Option<u32>,
    /// Where it is declared.
    pub location: Location,
}

pub(super) fn owners(raw: Spanned<RawOwners>, at: &impl Fn(Range<usize>) -> Location) -> OwnerPolicy {
    let location = at(raw.span());
    let raw = raw.into_inner();
    OwnerPolicy {
        default: raw.default,
        packages: raw.packages,
        suites: raw.suites,
        location,
    }
}

pub(super) fn waivers(raw: Spanned<RawWaivers>, at: &impl Fn(Range<usize>) -> Location) -> WaiverPolicy {
    let location = at(raw.span());
    let raw = raw.into_inner();
    WaiverPolicy {
        keys: raw.keys,
        max_days: raw.max_days,
        location,
    }
}

section!(OwnerPolicy, "owners", owners: Option<OwnerPolicy>);
section!(WaiverPolicy, "rules for waivers", waiver_rules: Option<WaiverPolicy>);
