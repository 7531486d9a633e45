//! From findings to an outcome, from outcomes to a decision, from a decision to an exit code.

use gate_base::exit;
use gate_base::stage::Stage;
use gate_evidence::EvidenceResult;
use gate_report::{CheckReport, Decision, Outcome, Partition, SUITES_LEFT_OUT, outcome_of};

/// Outcome of a result at `stage`. Waived and excluded findings do not count.
pub fn outcome_at(result: &EvidenceResult, stage: Stage, strict: bool) -> Outcome {
    match result {
        EvidenceResult::Findings(findings) => outcome_of(findings, stage, strict),
        EvidenceResult::NotRun(_) => Outcome::NotRun,
        EvidenceResult::Inconclusive(_) => Outcome::Inconclusive,
        EvidenceResult::Error(_) => Outcome::Error,
    }
}

/// A stage is entered when every check lets it pass; without a single check nothing was shown, and a share of the suites
/// shows too little.
pub(super) fn decide(checks: &[CheckReport], bounded: bool, partition: Option<Partition>) -> Decision {
    let whole = !partition.is_some_and(Partition::is_partial);
    let ready = whole && !checks.is_empty() && checks.iter().all(|check| check.outcome.passes());
    match (ready, bounded) {
        (false, _) => Decision::NotReady,
        (true, true) => Decision::ReadyWithBoundedScope,
        (true, false) => Decision::Ready,
    }
}

/// Exit code of a decision. A check that ended in an error says more about the tool than about the workspace, so it
/// wins over findings; a missing tool is told apart from evidence that could not be had for another reason. What other
/// shares of the suites have says nothing of this one.
pub fn exit_code(checks: &[CheckReport], decision: Decision) -> i32 {
    if decision.is_ready() {
        return exit::READY;
    }
    let checks: Vec<&CheckReport> = checks.iter().filter(|check| !check.is_elsewhere()).collect();
    if !checks.is_empty() && checks.iter().all(|check| check.outcome.passes()) {
        return exit::SHARD;
    }
    let any = |outcome: Outcome| checks.iter().any(|check| check.outcome == outcome);
    if any(Outcome::Error) {
        return exit::TOOL_FAILED;
    }
    let because = |check: &CheckReport, code| check.reason.as_ref().is_some_and(|reason| reason.code == code);
    let mut not_run = checks.iter().filter(|check| check.outcome == Outcome::NotRun);
    // Suites that somebody left out are no failure of the tool.
    let by_accident = not_run.clone().any(|check| !because(check, SUITES_LEFT_OUT));
    if any(Outcome::Fail) || any(Outcome::Inconclusive) || !by_accident {
        return exit::NOT_READY;
    }
    if not_run.all(|check| because(check, "tool_missing")) {
        exit::TOOLCHAIN_MISSING
    } else {
        exit::TOOL_FAILED
    }
}
