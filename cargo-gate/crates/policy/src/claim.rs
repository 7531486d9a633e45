//! `[[claim]]`: what is claimed of a surface, and the evidence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::section::section;
use super::value::{CheckId, Text};

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
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Claim {
    /// What the claim is about, in words.
    #[schemars(with = "Text", extend("examples" = ["parsing of configuration files"]))]
    pub surface: String,
    /// How strong the claim is. Stronger than its evidence, it is a finding.
    #[schemars(extend("examples" = ["targeted"]))]
    pub class: EvidenceClass,
    /// Checks and suites that are its evidence.
    #[schemars(with = "Vec<CheckId>", length(min = 1), extend("examples" = [["suite.test.workspace"]]))]
    pub evidence: Vec<String>,
    /// Names of tests that compare the surface with what it has to do; each must be met by a passed test of the
    /// evidence. `*` stands for any characters.
    #[serde(default)]
    #[schemars(with = "Vec<Text>", extend("examples" = [["parse::*_agrees_with_reference"]]))]
    pub cases: Vec<String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

section!(Claim, "claims", claims: Vec<Claim>);
