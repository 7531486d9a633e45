//! `[[claim]]`: what is claimed of a surface, and the evidence.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::value::{CheckId, Text};

/// Strength of the evidence for a surface, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EvidenceClass {
    /// It exists and builds: tools and checks that read it passed.
    Compiled,
    /// Tests executed it, such as smoke tests or snapshots.
    Exercised,
    /// Tests written for it compared its behavior with the required behavior.
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

/// A claim about a surface.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Claim {
    /// What the claim is about, in words.
    #[schemars(with = "Text", extend("examples" = ["parsing of configuration files"]))]
    pub surface: String,
    /// Strength of the claim. A claim stronger than its evidence is a finding.
    #[schemars(extend("examples" = ["targeted"]))]
    pub class: EvidenceClass,
    /// Checks and suites that are the evidence for the claim.
    #[schemars(with = "Vec<CheckId>", length(min = 1), extend("examples" = [["suite.test.workspace"]]))]
    pub evidence: Vec<String>,
    /// Names of tests that compare the surface with its required behavior. Each name must match a passed test of the
    /// evidence; `*` matches any characters.
    #[serde(default)]
    #[schemars(with = "Vec<Text>", extend("examples" = [["parse::*_agrees_with_reference"]]))]
    pub cases: Vec<String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}
