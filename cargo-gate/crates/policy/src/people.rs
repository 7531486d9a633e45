//! `[owners]` and `[waivers]`: who answers for what, and who may permit a finding.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::section::section;
use super::value::{SshKey, Text};

/// Who answers for what. `CODEOWNERS` counts as well.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OwnerPolicy {
    /// Who answers for whatever is not named otherwise.
    #[schemars(with = "Option<Text>", extend("examples" = ["core-team"]))]
    pub default: Option<String>,
    /// Who answers for which packages of the workspace: names, with `*` for any characters.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Text>")]
    pub packages: BTreeMap<String, String>,
    /// Who answers for which suites: names, with `*` for any characters.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Text>")]
    pub suites: BTreeMap<String, String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// Who may permit a finding, and for how long.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WaiverPolicy {
    /// Ed25519 keys as in `id_ed25519.pub`. With any, a waiver counts only with a signature by one of them.
    #[serde(default)]
    #[schemars(with = "Vec<SshKey>")]
    pub keys: Vec<String>,
    /// Most days from now on which a waiver may end.
    #[schemars(range(min = 1, max = 3650), extend("x-sane-max" = 365, "examples" = [90]))]
    pub max_days: Option<u32>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

section!(OwnerPolicy, "owners", owners: Option<OwnerPolicy>);
section!(WaiverPolicy, "rules for waivers", waiver_rules: Option<WaiverPolicy>);
