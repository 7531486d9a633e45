//! What the shards of a run found, as if one machine had found it.

use gate_evidence::EvidenceResult;
use gate_report::group::Group;
use gate_report::{CheckReport, EvidenceRecord, Finding, Report, SuiteResult};

use super::Judged;

/// Everything that was judged in any of them. What was judged in several has the findings of all: parts of a suite are the
/// suite, and a built-in check may see something on one machine that it does not see on another.
pub fn joined(reports: &[&Report]) -> Vec<Judged> {
    let mut all: Vec<Judged> = Vec::new();
    for report in reports {
        for check in report.checks.iter().filter(|check| !check.is_elsewhere()) {
            match all.iter_mut().find(|judged| judged.id == check.id) {
                Some(judged) => join(judged, check),
                None => all.push(judged(check)),
            }
        }
    }
    all
}

fn judged(check: &CheckReport) -> Judged {
    Judged {
        id: check.id.clone(),
        summary: check.summary.clone(),
        dimension: check.dimension,
        group: check.group.unwrap_or(Group::Integrity),
        result: result(check),
        evidence: check.evidence.clone(),
    }
}

/// What the rule said, before waivers and known findings: they are applied to all findings together.
fn result(check: &CheckReport) -> EvidenceResult {
    use gate_report::Outcome::{Error, Inconclusive, NotRun};
    match (&check.reason, check.outcome) {
        (Some(reason), NotRun) => EvidenceResult::NotRun(reason.clone()),
        (Some(reason), Inconclusive) => EvidenceResult::Inconclusive(reason.clone()),
        (Some(reason), Error) => EvidenceResult::Error(reason.clone()),
        _ => {
            let bare = |finding: &Finding| Finding {
                waived: None,
                known: None,
                ..finding.clone()
            };
            EvidenceResult::Findings(check.findings.iter().map(bare).collect())
        }
    }
}

fn join(all: &mut Judged, check: &CheckReport) {
    match (&mut all.result, result(check)) {
        (EvidenceResult::Findings(known), EvidenceResult::Findings(more)) => {
            for finding in more {
                if !known.contains(&finding) {
                    known.push(finding);
                }
            }
        }
        // What could not be judged on one machine is not judged.
        (known @ EvidenceResult::Findings(_), other) => *known = other,
        _ => {}
    }
    let suite = |record: &mut EvidenceRecord| record.suite.take();
    let mut more = check.evidence.clone();
    let (ours, theirs) = (all.evidence.as_mut(), more.as_mut().and_then(suite));
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => match &mut ours.suite {
            Some(suite) => add(suite, theirs),
            none => *none = Some(theirs),
        },
        (None, _) => all.evidence.clone_from(&check.evidence),
        _ => {}
    }
}

fn add(all: &mut SuiteResult, part: SuiteResult) {
    all.passed += part.passed;
    all.failed += part.failed;
    all.skipped += part.skipped;
    all.timed_out |= part.timed_out;
    all.tests.extend(part.tests);
    all.tests
        .sort_by(|a, b| (&a.binary, &a.name).cmp(&(&b.binary, &b.name)));
    all.made.extend(part.made);
}
