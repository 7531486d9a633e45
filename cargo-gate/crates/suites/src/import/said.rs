//! What files with results say, whatever their format.

use gate_report::Finding;

use crate::Tests;

/// What files with results say.
#[derive(Debug, Default)]
pub struct Said {
    /// Tests, for formats that have some.
    pub tests: Tests,
    /// What fails and what is advice.
    pub findings: Vec<Finding>,
    /// Whether something in them fails, as the command that wrote them reports by its status.
    pub failed: bool,
}

/// Why files are no evidence, continuing their path.
pub type Unreadable = String;
