//! What a suite of service levels showed.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use super::benchmark::{Real, Standing};

/// What a workload and tenant of an objective showed over the period of the promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceLevel {
    /// Name of the objective.
    pub objective: String,
    /// The workload; absent where the measurements name none, and in a sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// The tenant; absent where the measurements name none, and in a sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Of how many workloads and tenants it is the sum; absent for a single one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum_of: Option<u64>,
    /// The period before the run, in seconds.
    pub look_back_s: u64,
    /// Bad events.
    pub bad: u64,
    /// All events.
    pub events: u64,
    /// The part of the events that may be bad.
    pub budget: Real,
    /// The smallest bad part that is excluded at `confidence`.
    pub excluded: Real,
    /// Confidence of `excluded`.
    pub confidence: Real,
    /// How many bad events were taken to come together.
    pub dispersion: Real,
    /// How many events more would show that the budget is kept; 0 where these do, absent where none would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed: Option<u64>,
    /// Whether the budget is kept.
    pub standing: Standing,
}
