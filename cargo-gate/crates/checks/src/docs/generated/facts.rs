//! What blocks are made of.

use gate_contract::CheckInfo;
use gate_policy::Policy;
use gate_report::CheckReport;
use gate_world::cargo::Member;

/// What blocks are made of.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// Members of the workspace, sorted by name.
    pub members: &'a [Member],
    /// The catalogue of built-in checks.
    pub checks: &'a [CheckInfo],
    /// Checks that were judged, at whatever stage.
    pub outcomes: &'a [CheckReport],
}

/// Text in the cell of a table.
pub(super) fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
