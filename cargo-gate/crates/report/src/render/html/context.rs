//! What a page shows besides its own report. The caller finds it; the page only shows it.

use serde::{Deserialize, Serialize};

use crate::{Decision, Outcome, Report};
use gate_base::stage::Stage;

/// What a page shows of other runs, and where its links lead. Without it the page shows the report alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HtmlContext {
    /// Earlier runs of the stage, oldest first, without the one of the report.
    #[serde(default)]
    pub history: Vec<PastRun>,
    /// The run of the stage before this one.
    #[serde(default)]
    pub previous: Option<PreviousRun>,
    /// What a path of the workspace follows in a link, such as `../../../../`; without it, places are not linked.
    #[serde(default)]
    pub workspace: Option<String>,
    /// Whether the page is in its run directory, so that logs are next to it.
    #[serde(default)]
    pub in_run_directory: bool,
}

/// A run of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastRun {
    /// Its id.
    pub run_id: String,
    /// When it started, RFC 3339 in UTC.
    pub started: String,
    /// Its stage.
    pub stage: Stage,
    /// Its decision.
    pub decision: Decision,
    /// Commit that was checked out.
    #[serde(default)]
    pub commit: Option<String>,
    /// Whether the work tree differed from it.
    #[serde(default)]
    pub dirty: bool,
    /// Where its page is, from this one; absent where it has none.
    #[serde(default)]
    pub page: Option<String>,
}

/// What an earlier run of the stage found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousRun {
    /// Its id.
    pub run_id: String,
    /// When it started.
    pub started: String,
    /// Its decision.
    pub decision: Decision,
    /// Its checks.
    pub checks: Vec<PreviousCheck>,
}

/// A check of an earlier run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousCheck {
    /// Its id.
    pub id: String,
    /// Its outcome.
    pub outcome: Outcome,
    /// The messages of its open findings.
    pub findings: Vec<String>,
}

impl PreviousRun {
    /// What a page needs of the report of an earlier run.
    pub fn of(report: &Report) -> Self {
        let check = |check: &crate::CheckReport| PreviousCheck {
            id: check.id.clone(),
            outcome: check.outcome,
            findings: check
                .findings
                .iter()
                .filter(|finding| finding.is_open())
                .map(|finding| finding.message.clone())
                .collect(),
        };
        Self {
            run_id: report.run_id.clone(),
            started: report.started.clone(),
            decision: report.decision,
            checks: report.checks.iter().map(check).collect(),
        }
    }
}
