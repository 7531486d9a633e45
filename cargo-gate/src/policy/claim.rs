//! What is claimed of a surface, and the evidence.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::report::Location;

use super::raw::RawClaim;

/// How much evidence says about a surface, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EvidenceClass {
    /// It is there and builds: tools and checks that read it passed.
    Compiled,
    /// Tests ran it, whatever they looked at: smoke tests, snapshots.
    Exercised,
    /// Tests that are named for it compared what it does with what it has to do.
    Targeted,
}

impl EvidenceClass {
    /// The word as it is written.
    pub fn name(self) -> &'static str {
        match self {
            EvidenceClass::Compiled => "compiled",
            EvidenceClass::Exercised => "exercised",
            EvidenceClass::Targeted => "targeted",
        }
    }
}

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
