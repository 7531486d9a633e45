//! The verdict: stage rules, waivers, exclusions and the overall decision. Nothing else applies them.

pub mod checklist;
pub mod confidence;
mod decision;
mod known;
mod rules;
mod scope;
pub mod shards;
mod unblock;
mod waivers;

pub use decision::{exit_code, outcome_at};

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::civil::Date;

use gate_base::stage::Stage;
use gate_contract::{Check, EntryUse, Inputs, Phase, WaiverUse};
use gate_evidence::EvidenceResult;
use gate_policy::Policy;
use gate_report::group::Group;
use gate_report::{
    Bound, CheckReport, Counts, Decision, Dimension, Finding, OTHER_SHARD, Outcome, Partition, Reason, UnblockStep,
};
pub use rules::{Judged, Rules};

/// What makes one decision of all shards of a run.
pub const MERGE: &str = "cargo gate evidence merge <the runs of all shards>";

/// The verdict over one evaluation.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Every check with its outcome at the stage.
    pub checks: Vec<CheckReport>,
    /// The overall answer.
    pub decision: Decision,
    /// Exit code that belongs to it.
    pub exit_code: i32,
    /// Surfaces outside the claim.
    pub bounds: Vec<Bound>,
    /// Number of checks by outcome.
    pub counts: Counts,
    /// What would unblock the stage.
    pub unblock: Vec<UnblockStep>,
}

/// Checks of the phases after [`Phase::Evidence`], in the order of the catalogue, and what else they may see.
#[derive(Clone, Copy)]
pub struct Afterwards<'a> {
    /// The checks.
    pub checks: &'a [&'static Check],
    /// The outcomes and what became of the waivers are replaced for each.
    pub inputs: Inputs<'a>,
}

/// Applies overrides, waivers, exclusions and the rules of the stage.
///
/// `judged` holds every check of [`Phase::Evidence`] that was part of the evaluation, in the order of the catalogue, and the
/// suites. Those of the later phases are judged here, phase by phase, because each sees what the phases before it said.
/// `outside` are surfaces that leave the claim for other reasons than the policy's exclusions.
pub fn decide(
    judged: Vec<Judged>,
    afterwards: Option<Afterwards<'_>>,
    policy: &Policy,
    rules: Rules<'_>,
    outside: Vec<Bound>,
) -> Verdict {
    let mut covers = Covers::of(policy);
    let mut checks: Vec<CheckReport> = judged
        .into_iter()
        .map(|check| report_of(covers.covered(check, rules), rules))
        .collect();
    if let Some(Afterwards {
        checks: derived,
        inputs,
    }) = afterwards
    {
        let mut derived = derived.to_vec();
        derived.sort_by_key(|check| check.phase);
        for check in derived {
            // Without the suites of the other shards there is nothing to judge by. `evidence merge` judges.
            if rules.partition.is_some_and(Partition::is_partial) {
                let later = Reason::new(OTHER_SHARD, "it takes the outcomes of all shards").help(MERGE);
                checks.push(report_of(without_evidence(check, EvidenceResult::NotRun(later)), rules));
                continue;
            }
            let (waiver_use, known_use) = match check.phase {
                Phase::Waivers => covers.uses(&checks, rules),
                _ => Default::default(),
            };
            let inputs = Inputs {
                outcomes: &checks,
                waiver_use: &waiver_use,
                known_use: &known_use,
                ..inputs
            };
            let judged = without_evidence(check, carry_out(check, &inputs));
            let judged = match check.phase {
                Phase::Evidence | Phase::Outcomes => covers.covered(judged, rules),
                Phase::Waivers | Phase::Checklist | Phase::Contract => overridden(judged, policy),
            };
            checks.push(report_of(judged, rules));
        }
    }

    let mut bounds = scope::bounds(policy, rules, &checks);
    bounds.extend(scope::unjudged(&checks, policy));
    bounds.extend(outside);
    let decision = decision::decide(&checks, !bounds.is_empty(), rules.partition);
    let exit_code = exit_code(&checks, decision);
    Verdict {
        counts: counts(&checks),
        unblock: if decision.is_ready() {
            Vec::new()
        } else {
            unblock::steps(&checks, rules)
        },
        checks,
        decision,
        exit_code,
        bounds,
    }
}

/// What may cover findings, and what of it did.
struct Covers<'a> {
    policy: &'a Policy,
    waivers: Vec<bool>,
    known: known::Known<'a>,
}

impl<'a> Covers<'a> {
    fn of(policy: &'a Policy) -> Self {
        Self {
            policy,
            waivers: vec![false; policy.waivers.len()],
            known: known::Known::of(policy),
        }
    }

    /// What a check found with the policy's overrides, waivers, known findings and exclusions applied.
    fn covered(&mut self, mut check: Judged, rules: Rules<'_>) -> Judged {
        if let EvidenceResult::Findings(findings) = &mut check.result {
            for finding in findings {
                override_stage(&check.id, finding, self.policy);
                waivers::apply(&check.id, finding, &self.policy.waivers, rules.today, &mut self.waivers);
                self.known.apply(&check.id, finding, rules.today);
                scope::apply(finding, self.policy, rules.packages);
            }
        }
        check
    }

    /// What became of each waiver and of each known finding after these checks.
    fn uses(&self, checks: &[CheckReport], rules: Rules<'_>) -> (Vec<WaiverUse>, Vec<EntryUse>) {
        let carried_out = |check: &CheckReport| matches!(check.outcome, Outcome::Pass | Outcome::Warn | Outcome::Fail);
        let judged =
            |id: &str| rules.packages.is_empty() && checks.iter().any(|check| check.id == id && carried_out(check));
        let waivers = self.policy.waivers.iter().zip(&self.waivers);
        let waivers = waivers.map(|(waiver, used)| WaiverUse {
            used: *used,
            judged: !waiver.can_cover || judged(&waiver.check),
        });
        (waivers.collect(), self.known.uses(judged))
    }
}

/// What a check found that nothing covers, with the policy's overrides applied.
fn overridden(mut check: Judged, policy: &Policy) -> Judged {
    if let EvidenceResult::Findings(findings) = &mut check.result {
        for finding in findings {
            override_stage(&check.id, finding, policy);
        }
    }
    check
}

/// Whether anything in `result` blocks `stage`, before waivers are known to the caller: the engine asks this to stop
/// early. Waivers and exclusions are honoured.
pub fn blocks(id: &str, result: &EvidenceResult, policy: &Policy, rules: Rules<'_>) -> bool {
    let check = Covers::of(policy).covered(bare(id, result), rules);
    !outcome_at(&check.result, rules.stage, rules.strict).passes()
}

/// A result about which nothing but its id is known.
fn bare(id: &str, result: &EvidenceResult) -> Judged {
    Judged {
        id: id.to_owned(),
        summary: String::new(),
        dimension: Dimension::Contract,
        group: Group::Integrity,
        result: result.clone(),
        evidence: None,
    }
}

/// A result as the policy sees it: overrides and waivers applied, without judging the waivers themselves.
pub fn under_policy(id: &str, result: &EvidenceResult, policy: &Policy, today: Date) -> EvidenceResult {
    let rules = Rules {
        stage: Stage::Pilot,
        strict: false,
        today,
        packages: &[],
        since: None,
        partition: None,
    };
    Covers::of(policy).covered(bare(id, result), rules).result
}

/// A policy may make a check block earlier, never later: later takes a waiver, which has an owner and an end.
fn override_stage(id: &str, finding: &mut Finding, policy: &Policy) {
    if let Some(over) = policy.checks.get(id) {
        let earlier = finding.blocks_at.is_none_or(|stage| over.blocks_at < stage);
        if earlier {
            finding.blocks_at = Some(over.blocks_at);
            if finding.policy.is_none() {
                finding.policy = Some(over.location.clone());
            }
        }
    }
}

/// A check that is judged here: what it read is the evaluation itself.
fn without_evidence(check: &Check, result: EvidenceResult) -> Judged {
    Judged {
        id: check.id.to_owned(),
        summary: check.summary.to_owned(),
        dimension: check.dimension,
        group: check.group(),
        result,
        evidence: None,
    }
}

/// Carries out the rule of a check. A rule that panics has judged nothing; that is the tool's failure, not the
/// workspace's.
pub(crate) fn carry_out(check: &Check, inputs: &Inputs<'_>) -> EvidenceResult {
    catch_unwind(AssertUnwindSafe(|| check.rule.run(inputs))).map_or_else(
        |panic| {
            let message = panic
                .downcast_ref::<&str>()
                .map(ToString::to_string)
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "no message".to_owned());
            EvidenceResult::Error(
                Reason::new("panic", format!("the check panicked: {message}"))
                    .help("report this as a bug in cargo-gate"),
            )
        },
        EvidenceResult::from,
    )
}

fn report_of(check: Judged, rules: Rules<'_>) -> CheckReport {
    let outcome = outcome_at(&check.result, rules.stage, rules.strict);
    let (findings, reason) = match check.result {
        EvidenceResult::Findings(findings) => (findings, None),
        EvidenceResult::NotRun(reason) | EvidenceResult::Inconclusive(reason) | EvidenceResult::Error(reason) => {
            (Vec::new(), Some(reason))
        }
    };
    CheckReport {
        id: check.id,
        summary: check.summary,
        dimension: check.dimension,
        group: Some(check.group),
        outcome,
        reason,
        findings,
        evidence: check.evidence,
    }
}

fn counts(checks: &[CheckReport]) -> Counts {
    let mut counts = Counts::default();
    for check in checks {
        let slot = match check.outcome {
            Outcome::Pass => &mut counts.pass,
            Outcome::Warn => &mut counts.warn,
            Outcome::Fail => &mut counts.fail,
            Outcome::Inconclusive => &mut counts.inconclusive,
            Outcome::NotRun => &mut counts.not_run,
            Outcome::Error => &mut counts.error,
        };
        *slot += 1;
        counts.waived += check.findings.iter().filter(|finding| finding.waived.is_some()).count() as u32;
        counts.known += check.findings.iter().filter(|finding| finding.known.is_some()).count() as u32;
        counts.reused += u32::from(check.evidence.as_ref().is_some_and(|evidence| evidence.reused));
    }
    counts
}

#[cfg(test)]
mod tests;
