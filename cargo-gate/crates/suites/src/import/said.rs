//! What files with results say, whatever their format.

use gate_report::Finding;

use crate::Tests;

/// What files with results say.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Tests, for formats that have some.
    pub(super) tests: Tests,
    /// What fails and what is advice.
    pub(super) findings: Vec<Finding>,
    /// Whether something in them fails, as the command that wrote them reports by its status.
    pub(super) failed: bool,
}

/// Why files are no evidence, continuing their path.
pub(super) type Unreadable = String;
