//! `[supply]`: what the supply chain must show.

use std::time::Duration;

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_base::stage::Stage;
use gate_report::Location;

use super::value::{Period, Text, optional_period};

/// Requirements on the supply chain.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SupplyPolicy {
    /// The RustSec advisory database: a directory, a git checkout, a `.tar.gz` or a `.zip`, absolute or relative to the
    /// workspace root. A newer one that has all its advisories is used instead.
    #[schemars(with = "Option<Text<4000>>", extend("examples" = ["../advisory-db"]))]
    pub advisory_db: Option<String>,
    /// Largest age of the database, by stage.
    #[serde(default)]
    pub max_age: AdvisoryAge,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Option<Location>,
}

/// Largest age of the database, by stage: a number of days, such as `30d`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdvisoryAge {
    /// At pilot. Default: 90 days, after which there is a warning; a declared limit blocks.
    #[serde(default, with = "optional_period", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Period>", extend(
        "x-min" = "1d", "x-max" = "365d", "x-sane-min" = "3d", "x-sane-max" = "180d",
        "x-why" = "advisories appear every week", "examples" = ["90d"]
    ))]
    pub pilot: Option<Duration>,
    /// At controlled. Default: 30 days.
    #[serde(default, with = "optional_period", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Period>", extend(
        "x-min" = "1d", "x-max" = "365d", "x-sane-min" = "3d", "x-sane-max" = "90d",
        "x-why" = "advisories appear every week", "examples" = ["30d"]
    ))]
    pub controlled: Option<Duration>,
    /// At broad. Default: 30 days.
    #[serde(default, with = "optional_period", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Period>", extend(
        "x-min" = "1d", "x-max" = "365d", "x-sane-min" = "3d", "x-sane-max" = "90d",
        "x-why" = "advisories appear every week", "examples" = ["7d"]
    ))]
    pub broad: Option<Duration>,
}

impl AdvisoryAge {
    /// The limit that is declared for a stage.
    pub fn at(&self, stage: Stage) -> Option<Duration> {
        match stage {
            Stage::Pilot => self.pilot,
            Stage::Controlled => self.controlled,
            Stage::Broad => self.broad,
        }
    }
}
