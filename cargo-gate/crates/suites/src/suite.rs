//! What every kind of suite has: its context, its result, and the findings about it.

use super::build::BuildReads;
use super::shared::Shared;
use gate_base::process::ProcessEnd;
use gate_base::process::cancel::Cancel;
use gate_evidence::EvidenceResult;
use gate_evidence::event::Observer;
use gate_policy::{SuiteKind, SuitePolicy};
use gate_report::{Finding, Reason, SuiteResult};
use gate_world::Workspace;
use std::path::PathBuf;

/// What a suite needs to run.
#[derive(Clone)]
pub struct SuiteContext<'a> {
    /// The workspace.
    pub workspace: &'a Workspace,
    /// Ends the suite when the user wants to stop.
    pub cancel: &'a Cancel,
    /// Sees each line of output.
    pub observer: &'a dyn Observer,
    /// Calls of tools that several suites of this evaluation judge.
    pub shared: &'a Shared,
    /// File that receives the output, below the gate directory; its directory is created.
    pub log: PathBuf,
}

/// What a suite left behind.
#[derive(Debug)]
pub struct SuiteRun {
    /// What it says.
    pub result: EvidenceResult,
    /// What it did; absent when it was never started.
    pub suite: Option<SuiteResult>,
    /// Its output; the file is absent when it was never started.
    pub log: PathBuf,
    /// What was read to build it.
    pub reads: BuildReads,
}

/// Id of the check that a suite is: `suite.<kind>.<name>`.
pub fn check_id(suite: &SuitePolicy) -> String {
    let kind = match suite.kind {
        SuiteKind::Bench => "bench",
        SuiteKind::Drill => "drill",
        SuiteKind::Equivalence => "equivalence",
        SuiteKind::Import => "import",
        SuiteKind::Ready => "ready",
        SuiteKind::Slo => "slo",
        SuiteKind::Test => "test",
        SuiteKind::Tool => "tool",
    };
    format!("suite.{kind}.{}", suite.name)
}

/// A finding that blocks from the stage of the suite on where the suite is required, and is advice otherwise.
pub(super) fn finding(suite: &SuitePolicy, message: impl Into<String>) -> Finding {
    let finding = if suite.required {
        Finding::blocking(suite.stage, message)
    } else {
        Finding::advice(message)
    };
    finding.because(suite.location.clone())
}

/// Whether findings of a suite block wherever it runs. One that blocks only at a later stage is no failure yet.
pub fn is_failure(suite: &SuitePolicy, findings: &[Finding]) -> bool {
    let mut blocking = findings.iter().filter_map(|finding| finding.blocks_at);
    blocking.any(|stage| stage <= suite.stage)
}

/// How a suite ended of which no command was run.
pub(super) const NO_PROCESS: ProcessEnd = ProcessEnd {
    exit_code: None,
    signal: None,
    timed_out: false,
    cancelled: false,
    duration: std::time::Duration::ZERO,
};

/// No evidence: a suite that is not required only says so.
pub(super) fn without_proof(suite: &SuitePolicy, reason: Reason) -> EvidenceResult {
    if suite.required {
        return EvidenceResult::Inconclusive(reason);
    }
    let found = finding(suite, reason.message);
    EvidenceResult::Findings(vec![match reason.help {
        Some(help) => found.help(help),
        None => found,
    }])
}

/// What a command did, before its output is counted.
pub(super) fn suite_result(command: &[String], end: &ProcessEnd) -> SuiteResult {
    SuiteResult {
        command: command.to_vec(),
        exit_code: end.exit_code,
        signal: end.signal,
        timed_out: end.timed_out,
        passed: 0,
        failed: 0,
        skipped: 0,
        tests: Vec::new(),
        measurements: Vec::new(),
        service_levels: Vec::new(),
        drill: None,
        equivalence: None,
        made: Vec::new(),
        part: None,
        duration_ms: u64::try_from(end.duration.as_millis()).unwrap_or(u64::MAX),
        tool_version: None,
    }
}
