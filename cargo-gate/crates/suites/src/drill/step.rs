//! Steps of a run, each of which may end it.

use gate_base::error::Result;
use gate_report::DrillStanding;

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
