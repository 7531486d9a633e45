//! Under which rules a judged check is decided.

use gate_base::stage::Stage;
use gate_evidence::EvidenceResult;
use gate_report::group::Group;
use gate_report::{Dimension, EvidenceRecord, Partition};
use jiff::civil::Date;

/// What the engine learned about one check, before any stage rule.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Stable id.
    pub id: String,
    /// One-line summary.
    pub summary: String,
    /// Kind of property.
    pub dimension: Dimension,
    /// Its group in the stage contract.
    pub group: Group,
    /// What the rule said.
    pub result: EvidenceResult,
    /// Where it comes from; `None` when nothing was run.
    pub evidence: Option<EvidenceRecord>,
}

/// Under which rules to decide.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The stage under evaluation.
    pub stage: Stage,
    /// Whether warnings block.
    pub strict: bool,
    /// The current day in UTC, never earlier than the day of the last run: setting the clock back revives no waiver.
    pub today: Date,
    /// Names of the packages the claim is limited to (`-p`); empty means the whole workspace.
    pub packages: &'a [String],
    /// The revision since which they changed, where that is why they were chosen.
    pub since: Option<&'a str>,
    /// The share of the suites that runs here; `None` means all.
    pub partition: Option<Partition>,
}
