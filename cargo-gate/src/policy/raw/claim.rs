//! What is claimed of a surface, and the evidence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawClaim {
    /// What the claim is about, in words.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "text", "examples" = ["parsing of configuration files"]))]
    pub(in crate::policy) surface: String,
    /// How strong the claim is. Stronger than its evidence, it is a finding.
    #[schemars(extend("examples" = ["targeted"]))]
    pub(in crate::policy) class: EvidenceClass,
    /// Checks and suites that are its evidence.
    #[schemars(length(min = 1), extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 200, "x-format": "check" },
        "examples" = [["suite.test.workspace"]]
    ))]
    pub(in crate::policy) evidence: Vec<String>,
    /// Names of tests that compare the surface with what it has to do; each must be met by a passed test of the
    /// evidence. `*` stands for any characters.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 200, "x-format": "text" },
        "examples" = [["parse::*_agrees_with_reference"]]
    ))]
    pub(in crate::policy) cases: Vec<String>,
}
