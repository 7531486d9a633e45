//! `suite.drill`: a running system that is broken on purpose, and must recover without losing what it acknowledged.

mod ask;
mod fault;
mod rig;
mod session;
mod step;
mod tally;
mod verification;

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use gate_base::error::{Error, Result};
use gate_base::process::ProcessEnd;
use gate_base::stats::SplitMix64;
use gate_drill::proof::failure_bound;
use gate_evidence::EvidenceResult;
use gate_policy::{DrillPolicy, SuitePolicy};
use gate_report::{Drill, DrillBound, DrillRun, DrillStanding, Finding, Real, Reason};

use super::build::BuildReads;
use super::{SuiteContext, SuiteRun, finding, suite_result};
use rig::{Commands, Rig};
use step::Plan;

/// Markdown documentation of the kind.
pub const DOCS: &str = include_str!("drill.md");

/// Confidence of what clean repeats prove.
const CONFIDENCE: f64 = 0.95;

/// Runs the suite.
pub(super) fn run(suite: &SuitePolicy, cx: &SuiteContext<'_>) -> Result<SuiteRun> {
    let began = Instant::now();
    let without = |reason| SuiteRun {
        result: EvidenceResult::NotRun(reason),
        suite: None,
        log: cx.log.clone(),
        reads: BuildReads::default(),
    };
    let Some(policy) = suite.drill.as_deref() else {
        return Ok(without(Reason::new("suite_missing", "the suite declares no faults")));
    };
    if let Some(reason) = policy.faults.iter().find_map(|fault| fault::impossible(fault.kind)) {
        return Ok(without(reason));
    }
    let mut rig = match Rig::new(suite, policy, cx)? {
        Ok(rig) => rig,
        Err(reason) => return Ok(without(reason)),
    };
    let commands = match rig.commands()? {
        Ok(commands) => commands,
        Err(reason) => return Ok(without(reason)),
    };
    let mut drill = drilled(&mut rig, &commands, policy)?;
    let result = verdict(suite, &mut drill);
    if drill.runs.iter().all(|run| run.standing == DrillStanding::Clean) {
        rig::forget(&rig.scratch);
    }
    let taken = rig.log.finish().map_err(|error| Error::io("write", &cx.log, &error))?;
    cx.shared.took(&cx.log, taken);
    let end = ProcessEnd {
        exit_code: Some(0),
        signal: None,
        timed_out: false,
        cancelled: false,
        duration: began.elapsed(),
    };
    let mut shown = suite_result(&suite.command, &end);
    let count = |failed: bool| {
        let runs = drill.runs.iter();
        runs.filter(|run| (run.standing == DrillStanding::Failed) == failed)
            .count() as u64
    };
    (shown.passed, shown.failed) = (count(false), count(true));
    shown.drill = Some(Box::new(drill));
    Ok(SuiteRun {
        result,
        suite: Some(shown),
        log: cx.log.clone(),
        reads: BuildReads::default(),
    })
}

/// The control without a fault; then for each fault the control that is not repaired, and the repeats. What follows from a control
/// that misbehaves is not run, because it would show nothing.
fn drilled(rig: &mut Rig<'_>, commands: &Commands, policy: &DrillPolicy) -> Result<Drill> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // Any number does: it is printed.
    let seed = now.as_secs() ^ u64::from(now.subsec_nanos());
    let mut random = SplitMix64::new(seed);
    let mut drill = Drill {
        overall: String::new(),
        seed,
        runs: Vec::new(),
        bounds: Vec::new(),
        claims: Vec::new(),
    };
    let left = session::clear(&rig.mark);
    if left > 0 {
        rig.note(&format!("ended {left} processes that an earlier drill left behind"))?;
    }
    let mut one = |rig: &mut Rig<'_>, plan: Plan<'_>| -> Result<DrillStanding> {
        let run = session::run(rig, commands, plan)?;
        rig.note(&line(&run))?;
        let standing = run.standing;
        drill.runs.push(run);
        Ok(standing)
    };
    let mut plan = Plan {
        fault: None,
        repaired: true,
        seed: random.next_bits(),
    };
    if one(rig, plan)? != DrillStanding::Clean {
        return Ok(drill);
    }
    let mut bounds = Vec::new();
    for fault in &policy.faults {
        plan.fault = Some(fault);
        plan.repaired = false;
        plan.seed = random.next_bits();
        if one(rig, plan)? != DrillStanding::Clean {
            continue;
        }
        plan.repaired = true;
        let mut clean = 0;
        for _ in 0..policy.repeats {
            plan.seed = random.next_bits();
            if one(rig, plan)? != DrillStanding::Clean {
                break;
            }
            clean += 1;
        }
        if clean == policy.repeats {
            bounds.push(DrillBound {
                fault: fault.name.clone(),
                clean: u64::from(clean),
                failure_below: Real(failure_bound(clean, CONFIDENCE)),
            });
        }
    }
    drill.claims = claims(rig.suite, policy, &bounds);
    drill.bounds = bounds;
    Ok(drill)
}

/// One sentence for each fault that was always survived, and for each promise that such faults show.
fn claims(suite: &SuitePolicy, policy: &DrillPolicy, bounds: &[DrillBound]) -> Vec<String> {
    let survived = |name: &str| bounds.iter().find(|bound| bound.fault == name);
    let faults = policy.faults.iter().filter_map(|fault| {
        let bound = survived(&fault.name)?;
        Some(format!(
            "{} recovers from {} within {} s and keeps what it acknowledged, in {} of {} drills",
            suite.name,
            fault.name,
            fault.recovery.as_secs(),
            bound.clean,
            bound.clean
        ))
    });
    let promises = policy.guarantees.iter().filter(|promise| {
        let mut faults = promise.faults.iter();
        faults.all(|fault| survived(fault).is_some())
    });
    let promises = promises.map(|promise| format!("{}, shown by {}", promise.text, promise.faults.join(", ")));
    faults.chain(promises).collect()
}

/// What the runs are as evidence: only clean runs and controls pass.
fn verdict(suite: &SuitePolicy, drill: &mut Drill) -> EvidenceResult {
    let help = format!("cargo gate suite {}", suite.name);
    let first = |standing: DrillStanding| drill.runs.iter().find(|run| run.standing == standing);
    let why = |run: &DrillRun| format!("{}: {}", run.fault, run.why.as_deref().unwrap_or_default());
    if let Some(control) = drill.runs.first().filter(|run| run.standing != DrillStanding::Clean) {
        let reason = Reason::new("control", format!("without a fault, {}", why(control)));
        drill.overall = "inconclusive".to_owned();
        return undecided(
            suite,
            reason.help(
                "correct the system or the commands of the suite: a drill needs a run without a fault that is clean",
            ),
        );
    }
    if first(DrillStanding::Failed).is_some() {
        let failed = drill.runs.iter().filter(|run| run.standing == DrillStanding::Failed);
        let findings = failed.map(|run| finding(suite, why(run)).help(help.clone())).collect();
        drill.overall = "fail".to_owned();
        return EvidenceResult::Findings(findings);
    }
    for (standing, code, overall, help) in [
        (
            DrillStanding::Vacuous,
            "vacuous",
            "vacuous",
            "let the load meet the fault: through `{port}`, with operations that the fault slows down or breaks",
        ),
        (
            DrillStanding::Undecided,
            "drill_not_run",
            "inconclusive",
            "let the system start, and the load write a complete history",
        ),
    ] {
        if let Some(run) = first(standing) {
            let reason = Reason::new(code, why(run)).help(help);
            drill.overall = overall.to_owned();
            return undecided(suite, reason);
        }
    }
    drill.overall = "pass".to_owned();
    EvidenceResult::Findings(Vec::new())
}

/// No evidence: a suite that is not required only says so.
fn undecided(suite: &SuitePolicy, reason: Reason) -> EvidenceResult {
    if suite.required {
        return EvidenceResult::Inconclusive(reason);
    }
    let help = reason.help.unwrap_or_default();
    let advice: Finding = finding(suite, reason.message).help(help);
    EvidenceResult::Findings(vec![advice])
}

/// A run in one line.
fn line(run: &DrillRun) -> String {
    let name = match (run.kind.as_str(), run.repaired) {
        ("none", _) => "control without a fault".to_owned(),
        (_, true) => run.fault.clone(),
        (_, false) => format!("{}, not repaired", run.fault),
    };
    let how = match (run.standing, run.repaired) {
        (DrillStanding::Clean, false) => "no recovery, as it must be".to_owned(),
        (DrillStanding::Clean, true) => {
            let recovered = run.recovered_ms.map_or_else(String::new, |ms| {
                format!("recovered in {ms} ms of {} ms; ", run.window_ms)
            });
            format!(
                "{recovered}{} acknowledged writes kept, {} unknown",
                run.acknowledged, run.unknown
            )
        }
        (DrillStanding::Failed, _) => "FAILED".to_owned(),
        (DrillStanding::Vacuous, _) => "vacuous".to_owned(),
        (DrillStanding::Undecided, _) => "undecided".to_owned(),
    };
    let witness = run.witness.iter().map(|witness| format!("; witness: {witness}"));
    // A failure is a finding, which says more.
    let why = run.why.iter().filter(|_| run.standing != DrillStanding::Failed);
    let rest: String = witness.chain(why.map(|why| format!(": {why}"))).collect();
    format!("{name}: {how}{rest}")
}

/// What each run, and then all of them, showed, one line each.
pub fn lines(drill: &Drill) -> Vec<String> {
    let mut lines: Vec<String> = drill.runs.iter().map(line).collect();
    for bound in &drill.bounds {
        lines.push(format!(
            "{}: {} of {} clean; a probability of failure above {:.1} % is excluded at 95 %",
            bound.fault,
            bound.clean,
            bound.clean,
            bound.failure_below.0 * 100.0
        ));
    }
    lines.extend(drill.claims.iter().map(|claim| format!("claim: {claim}")));
    lines.push(format!("seed {}", drill.seed));
    lines
}
