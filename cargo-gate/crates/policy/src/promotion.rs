//! `[promotion]`: what a run must show besides its decision before an artifact is promoted.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

/// Least scores of what is promoted. A suite of benchmarks of the run measures `health` and `risk`; a missing score refuses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PromotionPolicy {
    /// Smallest `health`, from 0 to 100.
    #[serde(default = "sixty")]
    #[schemars(range(min = 0.0, max = 100.0), extend("x-sane-min" = 1.0, "x-why" = "every artifact then has enough", "examples" = [80]))]
    pub min_health: f64,
    /// Largest `risk`, from 0 to 100.
    #[serde(default = "fifty")]
    #[schemars(range(min = 0.0, max = 100.0), extend("x-sane-max" = 99.0, "x-why" = "every artifact then has little enough", "examples" = [30]))]
    pub max_risk: f64,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

fn sixty() -> f64 {
    60.0
}

fn fifty() -> f64 {
    50.0
}
