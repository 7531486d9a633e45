//! `suite.equivalence`: implementations that must give the same, compared over the cells of a declared scope.

mod judge;
mod oracle;
mod previous;
mod report;
mod session;
mod shrink;
mod side;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use gate_base::error::Result;
use gate_evidence::EvidenceResult;
use gate_policy::{EquivalencePolicy, ItemStatus, SuitePolicy};
use gate_report::{CellStanding, Equivalence, EquivalenceCell, Finding, Reason};

use super::build::BuildReads;
use super::{SuiteContext, SuiteRun, check_id, finding};
use session::{Ran, Session};

/// Markdown documentation of the kind.
pub const DOCS: &str = include_str!("equivalence.md");

/// Runs the suite.
pub(super) fn run(suite: &SuitePolicy, cx: &SuiteContext<'_>) -> Result<SuiteRun> {
    let without = |reason| SuiteRun {
        result: EvidenceResult::NotRun(reason),
        suite: None,
        log: cx.log.clone(),
        reads: BuildReads::default(),
    };
    let Some(policy) = suite.equivalence.as_deref() else {
        return Ok(without(Reason::new("suite_missing", "the suite declares no scope")));
    };
    let ran = match Session::new(suite, policy, cx)?.run()? {
        Ok(ran) => ran,
        Err(reason) => return Ok(without(reason)),
    };
    let before = previous::previous(cx.workspace, &check_id(suite));
    let drift = previous::drift(&ran.equivalence, before.as_ref(), policy.frozen.as_deref());
    let Ran {
        mut result,
        mut equivalence,
        cases,
    } = ran;
    let evidence = verdict(suite, policy, &mut equivalence, before.as_ref(), drift, &cases);
    let standing = |standing: CellStanding| {
        let cells = equivalence.cells.iter();
        cells.filter(|cell| cell.standing == standing).count() as u64
    };
    result.passed = standing(CellStanding::Same);
    result.failed = standing(CellStanding::Different);
    result.skipped =
        standing(CellStanding::Known) + standing(CellStanding::Vacuous) + standing(CellStanding::Undecided);
    result.equivalence = Some(Box::new(equivalence));
    Ok(SuiteRun {
        result: evidence,
        suite: Some(result),
        log: cx.log.clone(),
        reads: BuildReads::default(),
    })
}

/// Today in UTC.
fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// Ids of exclusions and divergences that ended: a part of the fingerprint, since evidence from before that is about another promise.
pub fn expired(suite: &SuitePolicy) -> Vec<&str> {
    let Some(policy) = suite.equivalence.as_deref() else {
        return Vec::new();
    };
    let today = today();
    let excluded = policy
        .excluded
        .iter()
        .map(|excluded| (excluded.id.as_str(), excluded.until));
    let known = policy.divergences.iter().map(|known| (known.id.as_str(), known.until));
    let ended = excluded.chain(known).filter(|(_, until)| *until < today);
    ended.map(|(id, _)| id).collect()
}

/// What the cells and the declarations about them are as evidence.
fn verdict(
    suite: &SuitePolicy,
    policy: &EquivalencePolicy,
    shown: &mut Equivalence,
    before: Option<&Equivalence>,
    drift: Option<String>,
    cases: &[(String, String)],
) -> EvidenceResult {
    let mut findings = declared(suite, policy);
    if let Some(drift) = drift {
        let help = format!(
            "raise `version` of the suite in gate.toml, and set `frozen = \"{}\"` if it is frozen",
            shown.scope
        );
        findings.push(finding(suite, drift).help(help));
    }
    let repeat = |cell: &EquivalenceCell| {
        cases
            .iter()
            .find(|(name, _)| *name == cell.name)
            .map(|(_, help)| help.clone())
    };
    for cell in shown
        .cells
        .iter()
        .filter(|cell| cell.standing == CellStanding::Different)
    {
        let message = format!("{}: {}", cell.name, cell.why.as_deref().unwrap_or("differs"));
        let help = repeat(cell).unwrap_or_else(|| format!("cargo gate suite {}", suite.name));
        findings.push(finding(suite, message).help(help));
    }
    if findings
        .iter()
        .any(|finding| finding.blocks_at.is_some() || !suite.required)
    {
        shown.overall = "fail".to_owned();
        return EvidenceResult::Findings(findings);
    }
    for (standing, code, overall, help) in [
        (
            CellStanding::Undecided,
            "cells_not_run",
            "inconclusive",
            "let every reference give the same output for each cell, or exclude the cell with its risk",
        ),
        (
            CellStanding::Vacuous,
            "vacuous",
            "vacuous",
            "narrow the tolerance, or give the cell an output in which faults show",
        ),
    ] {
        let cells: Vec<&EquivalenceCell> = shown.cells.iter().filter(|cell| cell.standing == standing).collect();
        if let Some(first) = cells.first() {
            let more = match cells.len() - 1 {
                0 => String::new(),
                more => format!("; {more} more cells"),
            };
            let message = format!("{}: {}{more}", first.name, first.why.as_deref().unwrap_or_default());
            shown.overall = overall.to_owned();
            return EvidenceResult::Inconclusive(Reason::new(code, message).help(help));
        }
    }
    let regressions = before
        .map(|before| previous::regressions(shown, before))
        .unwrap_or_default();
    for message in regressions {
        let help = "compare the two implementations where they changed; a tolerance says how far it may go";
        findings.push(Finding::advice(message).help(help).because(suite.location.clone()));
    }
    shown.overall = "pass".to_owned();
    EvidenceResult::Findings(findings)
}

/// What is left out bounds the claim; what is left out for too long, or tracked by nothing, fails.
fn declared(suite: &SuitePolicy, policy: &EquivalencePolicy) -> Vec<Finding> {
    let mut findings = Vec::new();
    let expired = expired(suite);
    let ended = |id: &str| expired.contains(&id);
    for excluded in &policy.excluded {
        let at = Some(excluded.location.clone());
        let id = &excluded.id;
        if ended(id) {
            let message = format!("the exclusion `{id}` ended on {}", excluded.until);
            findings.push(
                finding(suite, message)
                    .help("run the cells, or decide again until when they are left out")
                    .because(at),
            );
            continue;
        }
        let tracked = excluded.tracked_by.as_deref().unwrap_or_default();
        if excluded.status == ItemStatus::Open && excluded.tracker != Some(ItemStatus::Open) {
            let what = match excluded.tracker {
                None => "which is not in the register",
                Some(_) => "which is not open (risk_mapped_to_closed_item)",
            };
            let message = format!("the open risk of the exclusion `{id}` is tracked by `{tracked}`, {what}");
            let help = "name an open item, or add one: `cargo gate govern register add`";
            findings.push(finding(suite, message).help(help).because(at));
            continue;
        }
        let surface = format!("{} with {}", policy.implementation, report::part(&excluded.cells));
        let message = format!("{surface} is left out: {}", excluded.reason);
        findings.push(
            Finding::bounding(surface, message)
                .risk(excluded.severity.name())
                .because(at),
        );
    }
    for known in &policy.divergences {
        let at = Some(known.location.clone());
        let surface = format!("{} with {}", policy.implementation, report::part(&known.cells));
        if ended(&known.id) {
            let message = format!("the divergence `{}` ended on {}", known.id, known.until);
            findings.push(
                finding(suite, message)
                    .help("correct the implementation, or decide again until when it differs")
                    .because(at),
            );
        } else {
            let message = format!("{surface} is known to differ: {}", known.reason);
            findings.push(Finding::bounding(surface, message).because(at));
        }
    }
    findings
}

/// What a cell, and then all of them, showed, one line each.
pub fn lines(shown: &Equivalence) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for cell in shown.cells.iter().filter(|cell| cell.standing != CellStanding::Same) {
        let word = match cell.standing {
            CellStanding::Same => "same",
            CellStanding::Different => "differs",
            CellStanding::Known => "known to differ",
            CellStanding::Vacuous => "vacuous",
            CellStanding::Undecided => "undecided",
        };
        // A difference is a finding, which says more.
        let why = cell.why.as_deref().filter(|_| cell.standing != CellStanding::Different);
        lines.push(format!(
            "{}: {word}{}",
            cell.name,
            why.map_or_else(String::new, |why| format!(": {why}"))
        ));
    }
    for pair in &shown.pairs {
        let all = pair.same + pair.different;
        lines.push(format!(
            "{} and {}: the same in {} of {all} cells",
            pair.first, pair.second, pair.same
        ));
    }
    lines.push(format!(
        "{} of {} mutants found; scope {} version {}",
        shown.mutants_found, shown.mutants, shown.scope, shown.version
    ));
    lines.extend(shown.claims.iter().map(|claim| format!("claim: {claim}")));
    lines
}

#[cfg(test)]
mod tests;
