//! The verdict: stage rules, waivers, exclusions and the overall decision. Nothing else applies them.

pub mod confidence;
mod decision;
mod scope;
mod unblock;
mod waivers;

pub use decision::{exit_code, outcome_at};

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::civil::Date;

use crate::base::stage::Stage;
use crate::checks::{Check, Context, Judgement};
use crate::evidence::EvidenceResult;
use crate::group::Group;
use crate::policy::Policy;
use crate::report::{
    Bound, CheckReport, Counts, Decision, Dimension, EvidenceRecord, Finding, Outcome, Reason, UnblockStep,
};

/// What the engine learned about one check, before any stage rule.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Stable id.
    pub id: String,
    /// One-line summary.
    pub summary: String,
    /// Kind of property.
    pub dimension: Dimension,
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
}

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

/// Checks that read the outcomes of the others, in the order of the catalogue, and what else they may see.
#[derive(Clone, Copy)]
pub struct Afterwards<'a> {
    /// The checks.
    pub checks: &'a [&'static Check],
    /// Their context; what it declares and its outcomes are replaced for each.
    pub context: Context<'a>,
}

/// Applies overrides, waivers, exclusions and the rules of the stage.
///
/// `judged` holds every check that was part of the evaluation, in the order of the catalogue, without those that read
/// outcomes and without `waiver.valid`. Those are judged here: first `afterwards`, then `waiver.valid`, because only
/// then is known which waivers were used. `outside` are surfaces that leave the claim for other reasons than the
/// policy's exclusions.
pub fn decide(
    judged: Vec<Judged>,
    afterwards: Option<Afterwards<'_>>,
    policy: &Policy,
    rules: Rules<'_>,
    outside: Vec<Bound>,
) -> Verdict {
    let mut used = vec![false; policy.waivers.len()];
    let mut under_policy = |mut check: Judged| {
        if let EvidenceResult::Findings(findings) = &mut check.result {
            for finding in findings {
                override_stage(&check.id, finding, policy);
                waivers::apply(&check.id, finding, &policy.waivers, rules.today, &mut used);
                scope::apply(finding, policy, rules.packages);
            }
        }
        report_of(check, rules.stage)
    };
    let mut checks: Vec<CheckReport> = judged.into_iter().map(&mut under_policy).collect();
    if let Some(Afterwards {
        checks: derived,
        context,
    }) = afterwards
    {
        for check in derived.iter().filter(|check| !is_checklist(check)) {
            let context = Context {
                declared: check.inputs,
                outcomes: &checks,
                ..context
            };
            let judged = without_evidence(check, carry_out(check, &context));
            checks.push(under_policy(judged));
        }
    }
    if !policy.waivers.is_empty() {
        let judged = waiver_check(&checks, policy, rules, &used);
        checks.push(report_of(judged, rules.stage));
    }
    // A checklist may name any check, `waiver.valid` included, so it is judged when all others are.
    let checklist = afterwards.and_then(|afterwards| {
        let check = afterwards.checks.iter().find(|check| is_checklist(check))?;
        Some((*check, afterwards.context))
    });
    if let Some((check, context)) = checklist {
        let context = Context {
            declared: check.inputs,
            outcomes: &checks,
            ..context
        };
        let mut judged = without_evidence(check, carry_out(check, &context));
        if let EvidenceResult::Findings(findings) = &mut judged.result {
            for finding in findings {
                override_stage(check.id, finding, policy);
            }
        }
        checks.push(report_of(judged, rules.stage));
    }

    let mut bounds = scope::bounds(policy, rules.packages);
    bounds.extend(outside);
    let decision = decision::decide(&checks, rules.strict, !bounds.is_empty());
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

fn is_checklist(check: &Check) -> bool {
    check.id == crate::checks::checklist_stage::CHECK.id
}

/// Whether anything in `result` blocks `stage`, before waivers are known to the caller: the engine asks this to stop
/// early. Waivers and exclusions are honoured.
pub fn blocks(id: &str, result: &EvidenceResult, policy: &Policy, rules: Rules<'_>) -> bool {
    let judged = Judged {
        id: id.to_owned(),
        summary: String::new(),
        dimension: Dimension::Contract,
        result: result.clone(),
        evidence: None,
    };
    let verdict = decide(vec![judged], None, policy, rules, Vec::new());
    verdict
        .checks
        .iter()
        .any(|check| check.id == id && !check.outcome.passes(rules.strict))
}

/// A result as the policy sees it: overrides and waivers applied, without judging the waivers themselves.
pub fn under_policy(id: &str, result: &EvidenceResult, policy: &Policy, today: Date) -> EvidenceResult {
    let mut result = result.clone();
    if let EvidenceResult::Findings(findings) = &mut result {
        let mut used = vec![false; policy.waivers.len()];
        for finding in findings {
            override_stage(id, finding, policy);
            waivers::apply(id, finding, &policy.waivers, today, &mut used);
            scope::apply(finding, policy, &[]);
        }
    }
    result
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

fn waiver_check(checks: &[CheckReport], policy: &Policy, rules: Rules<'_>, used: &[bool]) -> Judged {
    let declaration: &Check = &crate::checks::waiver_valid::CHECK;
    let carried_out = |outcome| matches!(outcome, Outcome::Pass | Outcome::Warn | Outcome::Fail);
    let evaluated = |id: &str| {
        !waivers::can_cover(id)
            || checks.iter().any(|check| check.id == id && carried_out(check.outcome)) && rules.packages.is_empty()
    };
    let mut findings = crate::checks::waiver_valid::judge(&policy.waivers, used, &evaluated, rules.today);
    for finding in &mut findings {
        override_stage(declaration.id, finding, policy);
    }
    without_evidence(declaration, EvidenceResult::Findings(findings))
}

/// A check that is judged here: what it read is the evaluation itself.
fn without_evidence(check: &Check, result: EvidenceResult) -> Judged {
    Judged {
        id: check.id.to_owned(),
        summary: check.summary.to_owned(),
        dimension: check.dimension,
        result,
        evidence: None,
    }
}

/// Carries out the rule of a check. A rule that panics has judged nothing; that is the tool's failure, not the
/// workspace's.
pub(crate) fn carry_out(check: &Check, context: &Context<'_>) -> EvidenceResult {
    catch_unwind(AssertUnwindSafe(|| (check.run)(context))).map_or_else(
        |panic| {
            let message = panic
                .downcast_ref::<&str>()
                .map(ToString::to_string)
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "no message".to_owned());
            EvidenceResult::Error(
                Reason::new("panic", format!("the check stopped working: {message}"))
                    .help("report this as a bug of cargo-gate"),
            )
        },
        EvidenceResult::from,
    )
}

fn report_of(check: Judged, stage: Stage) -> CheckReport {
    let outcome = outcome_at(&check.result, stage);
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
        counts.reused += u32::from(check.evidence.as_ref().is_some_and(|evidence| evidence.reused));
    }
    counts
}

impl From<Judgement> for EvidenceResult {
    fn from(judgement: Judgement) -> Self {
        match judgement {
            Judgement::Findings(findings) => EvidenceResult::Findings(findings),
            Judgement::NotRun(reason) => EvidenceResult::NotRun(reason),
            Judgement::Inconclusive(reason) => EvidenceResult::Inconclusive(reason),
        }
    }
}

impl EvidenceResult {
    /// The result of a suite that is not evaluated because of what already blocks the stage: ids with their groups.
    pub fn blocked_by(blockers: &[(Group, String)]) -> Self {
        let ids: Vec<&str> = blockers.iter().map(|(_, id)| id.as_str()).collect();
        let groups: BTreeSet<Group> = blockers.iter().map(|(group, _)| *group).collect();
        let names: Vec<&str> = groups.iter().map(|group| group.name()).collect();
        let verb = if ids.len() == 1 { "blocks" } else { "block" };
        let mut reason = Reason::new(
            "blocked_by",
            format!(
                "held back by {}, because `{}` already {verb} the stage",
                names.join(" and "),
                ids.join("`, `"),
            ),
        );
        reason.group = groups.first().copied();
        EvidenceResult::NotRun(reason.help("add `--keep-going` to run it all the same"))
    }
}

#[cfg(test)]
mod tests;
