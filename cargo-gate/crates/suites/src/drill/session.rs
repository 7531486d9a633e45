//! One run: steady state, a fault, its repair, recovery, and what was kept.

use std::fs;
use std::io;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use gate_base::error::{Error, Result};
use gate_base::process::{self, Running};
use gate_drill::history::{self, ViolationKind};
use gate_drill::proxy::Counters;
use gate_drill::residue;
use gate_policy::{DrillFault, FaultKind};
use gate_report::{DrillRun, DrillStanding};

use super::ask::{invariants, printed};
use super::fault::{self, Injected};
use super::rig::{Commands, Rig, System, fill};
use super::step::{Plan, Step, Stop, failed, millis, step, undecided};
use super::tally::Tally;
use super::verification;

/// How long the load may take to end once it is told to, beyond its longest operation.
const LOAD_GRACE: Duration = Duration::from_secs(10);
/// Violations that are shown.
const SHOWN: usize = 3;

/// Runs a plan from the start to the end, and leaves nothing behind.
pub(super) fn run(rig: &mut Rig<'_>, commands: &Commands, plan: Plan<'_>) -> Result<DrillRun> {
    let fault = plan.fault;
    let mut shown = DrillRun {
        fault: fault.map_or_else(|| "control".to_owned(), |fault| fault.name.clone()),
        kind: fault.map_or("none", |fault| fault.kind.name()).to_owned(),
        repaired: plan.repaired,
        standing: DrillStanding::Clean,
        witness: None,
        recovered_ms: None,
        window_ms: fault.map_or(0, |fault| millis(fault.recovery)),
        served: [0; 3],
        acknowledged: 0,
        unknown: 0,
        why: None,
    };
    let mut system = rig.system(plan.seed)?;
    let ended = phases(rig, commands, &mut system, plan, &mut shown);
    rig.stop(commands, &mut system)?;
    drop(system);
    if let Err(Stop(standing, why)) = ended? {
        (shown.standing, shown.why) = (standing, Some(why));
    }
    let left = clear(&rig.mark);
    if left > 0 && shown.standing == DrillStanding::Clean {
        shown.standing = DrillStanding::Failed;
        shown.why = Some(format!("{left} processes of the system outlived it"));
    }
    Ok(shown)
}

/// Ends what carries the mark of this drill, and says how many that were.
pub(super) fn clear(mark: &str) -> usize {
    let left = residue::marked(mark).unwrap_or_default();
    left.iter().filter(|id| process::end(**id)).count()
}

fn phases(
    rig: &mut Rig<'_>,
    commands: &Commands,
    system: &mut System,
    plan: Plan<'_>,
    shown: &mut DrillRun,
) -> Step<()> {
    let patience = rig.policy.start_within;
    let due = Instant::now() + patience;
    for at in 0..system.instances.len() {
        system.start(commands, at)?;
    }
    for at in 0..system.instances.len() {
        if let Err(why) = rig.wait_ready(commands, system, at, due)? {
            return undecided(format!("the system did not start: {why}"));
        }
    }
    system.start_verifier(commands)?;
    let (sender, lines) = channel();
    let mut filled = system.clients(None);
    filled.push(("{until}", system.until().to_string_lossy().into_owned()));
    let mut load = Running::start(&fill(&commands.load, &filled), move |line, out| {
        if out {
            // Nobody listens any more once the run has ended.
            drop(sender.send((line.to_owned(), Instant::now())));
        }
    })?;
    let mut tally = Tally::new(lines, rig.policy.operations, rig.policy.within_ms);
    let ended = under_load(rig, commands, system, plan, &mut tally, &mut load, shown);
    shown.served = tally.served;
    ended
}

fn under_load(
    rig: &mut Rig<'_>,
    commands: &Commands,
    system: &mut System,
    plan: Plan<'_>,
    tally: &mut Tally,
    load: &mut Running,
    shown: &mut DrillRun,
) -> Step<()> {
    let due = tally.next_phase(0) + rig.policy.start_within;
    while tally.steady().is_none() {
        rig.alive()?;
        if tally.ended || Instant::now() >= due {
            let what = if tally.ended {
                "the load ended before it"
            } else {
                "it took too long"
            };
            let seen = tally.unreadable.as_ref();
            let seen = seen.map_or_else(String::new, |why| {
                format!("; the load printed a line that is not an operation: {why}")
            });
            return undecided(format!("no steady state before the fault: {what}{seen}"));
        }
        tally.wait(due);
    }
    step!(invariants(rig, commands, system, "before the fault"));
    if let Some(fault) = plan.fault {
        let happens = if fault.kind == FaultKind::VerificationDelay {
            verification::delayed
        } else {
            broken
        };
        let steady = step!(happens(rig, commands, system, plan, fault, tally, shown));
        if !steady {
            return Ok(Ok(()));
        }
    }
    step!(invariants(rig, commands, system, "in the end"));
    let history = step!(finish(rig, system, tally, load));
    if let Some(fault) = plan.fault {
        step!(fault::settle(rig, commands, system, fault));
    }
    step!(kept(rig, commands, system, &history, shown));
    if !plan.repaired {
        // What it kept is right, and so the fault did nothing that anyone would notice.
        let why = "steady state was reached although nothing was repaired, so that recovery could not fail";
        return Ok(Err(Stop(DrillStanding::Vacuous, why.to_owned())));
    }
    Ok(Ok(()))
}

/// The fault, its repair and recovery. Says whether steady state was reached again.
fn broken(
    rig: &mut Rig<'_>,
    commands: &Commands,
    system: &mut System,
    plan: Plan<'_>,
    fault: &DrillFault,
    tally: &mut Tally,
    shown: &mut DrillRun,
) -> Step<bool> {
    let at = fault.instance as usize - 1;
    let before: Counters = system.instances[at].proxy.counters();
    let began = tally.next_phase(1);
    let injected: Injected = step!(fault::inject(rig, commands, system, fault));
    step!(invariants(rig, commands, system, "during the fault"));
    let until = began + fault.lasts;
    while Instant::now() < until && !tally.ended {
        rig.alive()?;
        tally.wait(until);
    }
    tally.drain();
    match fault::witness(&injected, before, &mut system.instances[at])? {
        Ok(witness) => shown.witness = Some(witness),
        Err(why) => return Ok(Err(Stop(DrillStanding::Vacuous, why))),
    }
    if fault.serves && tally.served[1] == 0 {
        return failed("no operation was acknowledged while the fault lasted, and the other instances must serve");
    }
    let repaired = tally.next_phase(2);
    if plan.repaired
        && let Err(error) = fault::repair(commands, system, fault)
    {
        return failed(format!("it cannot be repaired: {error}"));
    }
    let recovered = recovery(rig, commands, system, fault, repaired, tally)?;
    match (recovered, plan.repaired) {
        (Some(at), true) => shown.recovered_ms = Some(millis(at.saturating_duration_since(repaired))),
        (_, false) => {}
        (None, true) => {
            let ended = system.instances[fault.instance as usize - 1].ended()?;
            let how = ended.map_or_else(String::new, |how| format!(": instance {} {how}", fault.instance));
            let window = fault.recovery.as_secs();
            return failed(format!("no steady state within {window} s of the repair{how}"));
        }
    }
    Ok(Ok(recovered.is_some()))
}

/// When steady state was reached again, if that was in time and it held.
fn recovery(
    rig: &mut Rig<'_>,
    commands: &Commands,
    system: &mut System,
    fault: &DrillFault,
    repaired: Instant,
    tally: &mut Tally,
) -> Result<Option<Instant>> {
    let due = repaired + fault.recovery;
    // What began in time may still have to be held.
    let last = due + rig.policy.start_within;
    loop {
        rig.alive()?;
        if let Some(first) = tally.steady() {
            if first > due {
                return Ok(None);
            }
            let at = fault.instance as usize - 1;
            let ready = rig.wait_ready(commands, system, at, due)?;
            return Ok(ready.is_ok().then_some(first));
        }
        let now = Instant::now();
        let in_time = tally.row_since().is_some_and(|first| first <= due);
        if tally.ended || now >= last || (now >= due && !in_time) {
            return Ok(None);
        }
        tally.wait(if now < due { due } else { last });
    }
}

/// Ends the load, so that its history is complete.
fn finish(rig: &mut Rig<'_>, system: &System, tally: &mut Tally, load: &mut Running) -> Step<Vec<history::Operation>> {
    let until = system.until();
    fs::write(&until, "").map_err(|error| Error::io("write", &until, &error))?;
    let due = Instant::now() + LOAD_GRACE + Duration::from_millis(rig.policy.within_ms);
    while !tally.ended && Instant::now() < due {
        rig.alive()?;
        tally.wait(due);
    }
    if !tally.ended {
        return undecided("the load did not end when it was told to, so that its history is not complete");
    }
    let wait = |error: io::Error| Error::tool(format!("cannot wait for the load: {error}"));
    load.wait(LOAD_GRACE).map_err(wait)?;
    if load.ended().map_err(wait)? != Some((Some(0), None)) {
        return undecided("the load failed, so that its history is not complete");
    }
    if let Some(why) = &tally.unreadable {
        return undecided(format!("the load printed a line that is not an operation: {why}"));
    }
    Ok(Ok(std::mem::take(&mut tally.history)))
}

/// Reads what is there in the end, and compares it with the history.
fn kept(
    rig: &mut Rig<'_>,
    commands: &Commands,
    system: &System,
    history: &[history::Operation],
    shown: &mut DrillRun,
) -> Step<()> {
    let text = match printed(rig, &commands.read, system)? {
        Some(text) => text,
        None => return failed("what is stored cannot be read in the end"),
    };
    let judged = history::stored(&text).and_then(|stored| history::judge(rig.policy.model, history, &stored));
    let judgement = match judged {
        Ok(judgement) => judgement,
        Err(why) => return undecided(format!("the history cannot be judged: {why}")),
    };
    (shown.acknowledged, shown.unknown) = (judgement.acknowledged, judgement.unknown);
    if judgement.acknowledged == 0 {
        return Ok(Err(Stop(
            DrillStanding::Vacuous,
            "the history has no acknowledged write, so that nothing could be lost".to_owned(),
        )));
    }
    if judgement.violations.is_empty() {
        return Ok(Ok(()));
    }
    failed(violations(&judgement))
}

/// How many of each kind, and the first of them.
fn violations(judgement: &history::Judgement) -> String {
    let kinds = [
        ViolationKind::Lost,
        ViolationKind::Duplicate,
        ViolationKind::Refused,
        ViolationKind::Foreign,
        ViolationKind::Old,
    ];
    let mut parts = Vec::new();
    for kind in kinds {
        let these: Vec<_> = judgement.violations.iter().filter(|found| found.kind == kind).collect();
        if these.is_empty() {
            continue;
        }
        let value = |found: &&history::Violation| format!("`{}` = `{}`", found.key, found.value);
        let first: Vec<String> = these.iter().take(SHOWN).map(value).collect();
        let more = if these.len() > SHOWN { ", …" } else { "" };
        parts.push(format!("{} {}: {}{more}", these.len(), kind.words(), first.join(", ")));
    }
    format!(
        "of {} acknowledged writes: {}",
        judgement.acknowledged,
        parts.join("; ")
    )
}
