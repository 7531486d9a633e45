//! The steps of a release, in order.

use serde::{Deserialize, Serialize};

/// A step. None is skipped: each is recorded only after all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Step {
    /// The decision of the run, and what must agree with it.
    Decision,
    /// The artifacts, built from a checkout of the commit.
    FirstBuild,
    /// The same again, in another directory.
    SecondBuild,
    /// Both builds, byte by byte.
    Comparison,
    /// The software bill of materials, licence texts and checksums.
    Materials,
    /// Provenance, decision and summaries as statements.
    Attestation,
    /// Size and SHA-256 of everything.
    Receipt,
    /// The registry.
    Publication,
}

impl Step {
    /// All steps, first to last.
    pub const ALL: [Step; 8] = [
        Step::Decision,
        Step::FirstBuild,
        Step::SecondBuild,
        Step::Comparison,
        Step::Materials,
        Step::Attestation,
        Step::Receipt,
        Step::Publication,
    ];

    /// What it is called in messages.
    pub fn name(self) -> &'static str {
        match self {
            Step::Decision => "decision",
            Step::FirstBuild => "first build",
            Step::SecondBuild => "second build",
            Step::Comparison => "comparison",
            Step::Materials => "bill of materials",
            Step::Attestation => "attestations",
            Step::Receipt => "receipt",
            Step::Publication => "publication",
        }
    }
}
