//! What Cargo profiles must hold, and the tiers of crates.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::Date;
use serde::Serialize;
use toml::Spanned;

use crate::report::Location;

pub use super::raw::{ProfileValue, Tier};
use super::raw::{RawAllowed, RawProfile, RawTiers};
use super::section::section;
use super::value::{Converted, day};

/// Requirements on one Cargo profile: for each key the values that are allowed.
#[derive(Debug, Clone, Serialize)]
pub struct ProfilePolicy {
    /// Allowed values by key (`overflow-checks`, `panic`, `lto`, `debug`, `strip`, `codegen-units`, `incremental`,
    /// `opt-level`, `debug-assertions`), as written in the file.
    pub requirements: BTreeMap<String, ProfileRequirement>,
}

/// Allowed values of one profile key.
#[derive(Debug, Clone, Serialize)]
pub struct ProfileRequirement {
    /// Values of which one must hold.
    pub allowed: Vec<ProfileValue>,
    /// Where it is declared.
    pub location: Location,
}

/// Tiers of the crates.
#[derive(Debug, Clone, Serialize)]
pub struct TierPolicy {
    /// Tier of every crate without an exception.
    pub default: Tier,
    /// Exceptions.
    pub exceptions: Vec<TierException>,
    /// Where `[tiers]` is declared.
    pub location: Location,
}

/// A crate that leaves the default tier.
#[derive(Debug, Clone, Serialize)]
pub struct TierException {
    /// Package name.
    pub package: String,
    /// Its tier.
    pub tier: Tier,
    /// Who answers for it; may be empty in the file, which `profile.tier` reports.
    pub owner: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Last day on which it holds.
    pub expires: Option<Date>,
    /// Where it is declared.
    pub location: Location,
}

impl Tier {
    /// Name as it is written in the policy.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Portable => "portable",
            Tier::Idiomatic => "idiomatic",
            Tier::Native => "native",
        }
    }
}

pub(super) fn requirements(raw: RawProfile, at: &impl Fn(Range<usize>) -> Location) -> ProfilePolicy {
    let requirements = raw
        .into_requirements()
        .map(|(key, allowed)| {
            let location = at(allowed.span());
            let allowed = match allowed.into_inner() {
                RawAllowed::One(value) => vec![value],
                RawAllowed::Many(values) => values,
            };
            (key.to_owned(), ProfileRequirement { allowed, location })
        })
        .collect();
    ProfilePolicy { requirements }
}

pub(super) fn tiers(raw: Spanned<RawTiers>, at: &impl Fn(Range<usize>) -> Location) -> Converted<TierPolicy> {
    let location = at(raw.span());
    let raw = raw.into_inner();
    let exceptions = raw.exception.into_iter().map(|exception| {
        let span = exception.span();
        let exception = exception.into_inner();
        let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        Ok(TierException {
            package: exception.package,
            tier: exception.tier,
            owner: filled(exception.owner),
            reason: filled(exception.reason),
            expires: exception.expires.map(|date| day(&date, &span)).transpose()?,
            location: at(span),
        })
    });
    Ok(TierPolicy {
        default: raw.default,
        exceptions: exceptions.collect::<Converted<_>>()?,
        location,
    })
}

section!(TierPolicy, "tiers", tiers: Option<TierPolicy>);
section!(ProfilePolicy, "profiles", profiles: BTreeMap<String, ProfilePolicy>);
