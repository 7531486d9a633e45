//! What a suite of drills showed.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use super::benchmark::Real;

/// A running system that was broken on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Drill {
    /// `pass`, `fail`, `inconclusive` or `vacuous`.
    pub overall: String,
    /// Seed of what was random.
    pub seed: u64,
    /// Every run of a fault and of a control, in order.
    pub runs: Vec<DrillRun>,
    /// What the clean repeats of each fault prove.
    pub bounds: Vec<DrillBound>,
    /// What the runs show, and nothing beyond them.
    pub claims: Vec<String>,
}

/// One run of a fault or of a control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DrillRun {
    /// The fault; `control` for the run without one.
    pub fault: String,
    /// What happened: `kill`, `cut` and so on, or `none`.
    pub kind: String,
    /// Whether it was repaired. A run that is not is a control, and must not recover.
    pub repaired: bool,
    /// How it ended.
    pub standing: DrillStanding,
    /// What shows that the fault happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<String>,
    /// Milliseconds from the repair to the first operation of steady state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered_ms: Option<u64>,
    /// Milliseconds within which it must be there.
    pub window_ms: u64,
    /// Operations that were acknowledged before the fault, during it and after the repair.
    pub served: [u64; 3],
    /// Writes that were acknowledged.
    pub acknowledged: u64,
    /// Writes without an answer, which may have had an effect or not.
    pub unknown: u64,
    /// What failed, or what is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DrillStanding {
    /// As it must.
    Clean,
    /// The system did what it must not do, or did not recover.
    Failed,
    /// The fault touched nothing, or could not be seen.
    Vacuous,
    /// It cannot be told: something that the drill needs is missing.
    Undecided,
}

/// What clean repeats of a fault prove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DrillBound {
    /// The fault.
    pub fault: String,
    /// Repeats without a failure.
    pub clean: u64,
    /// A larger probability of a failure is excluded at 95 %.
    pub failure_below: Real,
}
