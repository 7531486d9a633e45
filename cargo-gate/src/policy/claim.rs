//! What is claimed of a surface, and the evidence.

use std::ops::Range;

use serde::Serialize;
use toml::Spanned;

use crate::report::Location;

pub use super::raw::EvidenceClass;
use super::raw::RawClaim;
use super::section::section;

/// What is claimed of a surface.
#[derive(Debug, Clone, Serialize)]
pub struct Claim {
    /// What it is about.
    pub surface: String,
    /// How strong it is.
    pub class: EvidenceClass,
    /// Ids of checks and suites.
    pub evidence: Vec<String>,
    /// Patterns over names of tests.
    pub cases: Vec<String>,
    /// Where it is declared.
    pub location: Location,
}

pub(super) fn convert(raw: Spanned<RawClaim>, at: &impl Fn(Range<usize>) -> Location) -> Claim {
    let location = at(raw.span());
    let raw = raw.into_inner();
    Claim {
        surface: raw.surface,
        class: raw.class,
        evidence: raw.evidence,
        cases: raw.cases,
        location,
    }
}

section!(Claim, "claims", claims: Vec<Claim>);
