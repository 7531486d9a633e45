//! Sections about people: `[owners]` and `[waivers]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// Who answers for what. `CODEOWNERS` counts as well.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawOwners {
    /// Who answers for whatever is not named otherwise.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "text", "examples" = ["core-team"]))]
    pub(in crate::policy) default: Option<String>,
    /// Who answers for which packages of the workspace: names, with `*` for any characters.
    #[serde(default)]
    #[schemars(extend(
        "additionalProperties" = { "type": "string", "minLength": 1, "maxLength": 200, "x-format": "text" }
    ))]
    pub(in crate::policy) packages: BTreeMap<String, String>,
    /// Who answers for which suites: names, with `*` for any characters.
    #[serde(default)]
    #[schemars(extend(
        "additionalProperties" = { "type": "string", "minLength": 1, "maxLength": 200, "x-format": "text" }
    ))]
    pub(in crate::policy) suites: BTreeMap<String, String>,
}

/// Who may permit a finding, and for how long.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawWaivers {
    /// Ed25519 keys as in `id_ed25519.pub`. With any, a waiver counts only with a signature by one of them.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "ssh-key" }
    ))]
    pub(in crate::policy) keys: Vec<String>,
    /// Most days from now on which a waiver may end.
    #[schemars(range(min = 1, max = 3650), extend("x-sane-max" = 365, "examples" = [90]))]
    pub(in crate::policy) max_days: Option<u32>,
}
