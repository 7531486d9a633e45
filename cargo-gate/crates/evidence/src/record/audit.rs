//! `audit.jsonl`: what the run did, step by step.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::{Event, Observer};
use gate_report::Report;

/// One line of `audit.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditStep {
    /// When the step ended, RFC 3339 in UTC.
    pub ts: String,
    /// Id of the run.
    pub run_id: String,
    /// What was done: the id of a check, or `run`.
    pub step: String,
    /// How it ended: the outcome of a check, or the decision.
    pub status: String,
    /// Exit code of the process the step started, or of the whole run.
    pub exit_code: Option<i32>,
    /// Wall time in milliseconds.
    pub elapsed_ms: u64,
    /// What it read: the fingerprint of a check, the content digest of the workspace.
    pub inputs: Vec<String>,
    /// Files it left in the run directory.
    pub outputs: Vec<String>,
    /// One sentence for people.
    pub summary: String,
}

/// Notes when each check ended while the engine works, and makes the audit log of it.
#[derive(Debug, Default)]
pub struct AuditRecorder(Mutex<Vec<(String, Timestamp, u64)>>);

impl Observer for AuditRecorder {
    fn event(&self, event: &Event<'_>) {
        if let Event::CheckFinished { id, duration_ms, .. } = event {
            // A panic elsewhere leaves the list whole.
            let mut ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            ended.push(((*id).to_owned(), Timestamp::now(), *duration_ms));
        }
    }
}

impl AuditRecorder {
    /// The steps of a run in the order in which they ended: checks, then `others`, the run itself last.
    pub fn steps(&self, report: &Report, others: impl IntoIterator<Item = AuditStep>) -> Vec<AuditStep> {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let checks: BTreeMap<&str, _> = report.checks.iter().map(|check| (check.id.as_str(), check)).collect();
        let mut steps: Vec<AuditStep> = ended
            .iter()
            .filter_map(|(id, at, elapsed_ms)| {
                let check = checks.get(id.as_str())?;
                let evidence = check.evidence.as_ref();
                let reused = evidence.is_some_and(|evidence| evidence.reused);
                Some(AuditStep {
                    ts: at.to_string(),
                    run_id: report.run_id.clone(),
                    step: id.clone(),
                    status: check.outcome.words().replace(' ', "_"),
                    exit_code: evidence.and_then(|evidence| evidence.suite.as_ref()?.exit_code),
                    elapsed_ms: *elapsed_ms,
                    inputs: evidence
                        .map(|evidence| evidence.fingerprint.clone())
                        .into_iter()
                        .collect(),
                    outputs: evidence
                        .map(|evidence| {
                            evidence
                                .artifacts
                                .iter()
                                .map(|artifact| artifact.path.clone())
                                .collect()
                        })
                        .unwrap_or_default(),
                    summary: if reused { "reused evidence" } else { "made evidence" }.to_owned(),
                })
            })
            .collect();
        steps.extend(others);
        steps.push(AuditStep {
            ts: Timestamp::now().to_string(),
            run_id: report.run_id.clone(),
            step: "run".to_owned(),
            status: report.decision.name().to_owned(),
            exit_code: Some(report.exit_code),
            elapsed_ms: report.duration_ms,
            inputs: vec![report.subject.content.clone()],
            outputs: vec![
                super::format::REPORT_JSON.to_owned(),
                super::format::REPORT_MARKDOWN.to_owned(),
                super::format::REPORT_HTML.to_owned(),
            ],
            summary: format!("judged {} checks for stage {}", report.checks.len(), report.stage),
        });
        steps
    }
}
