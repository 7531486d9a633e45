//! `[owners]` and `[waivers]`: who answers for what, and who may permit a finding.

use std::collections::BTreeMap;

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::authority::{Approvers, one_approval};
use super::value::{SshKey, Text};

/// Owners of packages and suites, in addition to `CODEOWNERS`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OwnerPolicy {
    /// Owner of everything without another owner.
    #[schemars(with = "Option<Text>", extend("examples" = ["core-team"]))]
    pub default: Option<String>,
    /// Owners of packages, by name; `*` matches any characters.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Text>")]
    pub packages: BTreeMap<String, String>,
    /// Owners of suites, by name; `*` matches any characters.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Text>")]
    pub suites: BTreeMap<String, String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// Who may sign waivers, and how long they may last.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WaiverPolicy {
    /// Ed25519 public keys, as in `id_ed25519.pub`. With any, a waiver only counts if as many of them signed it as
    /// `approvals` says.
    #[serde(default)]
    #[schemars(with = "Vec<SshKey>")]
    pub keys: Vec<String>,
    /// How many different keys of `keys` must sign a waiver for it to count.
    #[serde(default = "one_approval")]
    #[schemars(range(min = 1, max = 100), extend("x-why" = "without a signature there is no approval", "examples" = [2]))]
    pub approvals: u32,
    /// Largest number of days until a waiver expires.
    #[schemars(range(min = 1, max = 730), extend("x-sane-max" = 365, "x-why" = "a waiver of years is a rule", "examples" = [90]))]
    pub max_days: Option<u32>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

impl WaiverPolicy {
    /// Whose signatures count, and how many.
    pub fn approvers(&self) -> Approvers {
        Approvers::new(self.keys.clone(), self.approvals)
    }
}
