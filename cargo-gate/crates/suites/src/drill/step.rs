//! A run in steps, each of which may end it.

use std::time::Duration;

use gate_base::error::Result;
use gate_policy::DrillFault;
use gate_report::DrillStanding;

/// What is run: a fault or none, and whether it is repaired.
#[derive(Clone, Copy)]
pub(super) struct Plan<'a> {
    pub(super) fault: Option<&'a DrillFault>,
    pub(super) repaired: bool,
    pub(super) seed: u64,
}

/// Why a run ended early, and as what.
pub(super) struct Stop(pub(super) DrillStanding, pub(super) String);

pub(super) type Step<T> = Result<std::result::Result<T, Stop>>;

/// The value of a step; what ends the run ends it here too.
macro_rules! step {
    ($step:expr) => {
        match $step? {
            Ok(value) => value,
            Err(stop) => return Ok(Err(stop)),
        }
    };
}
pub(super) use step;

pub(super) fn failed<T>(why: impl Into<String>) -> Step<T> {
    Ok(Err(Stop(DrillStanding::Failed, why.into())))
}

pub(super) fn undecided<T>(why: impl Into<String>) -> Step<T> {
    Ok(Err(Stop(DrillStanding::Undecided, why.into())))
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
