//! The fault `verification-delay`: the verifier stops for a while. What is acknowledged meanwhile must not count as verified, and must
//! be verified within the window once the verifier goes on.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use gate_base::error::{Error, Result};
use gate_drill::history::{self, Stored};
use gate_policy::DrillFault;
use gate_report::{DrillRun, DrillStanding};

use super::ask::{invariants, printed};
use super::rig::{Commands, Rig, System};
use super::step::{Plan, Step, Stop, failed, millis, step, undecided};
use super::tally::Tally;

/// Between two looks at what is verified.
const TICK: Duration = Duration::from_millis(50);

/// The delay, its end, and what was verified when. Says whether all was verified in the end.
pub(super) fn delayed(
    rig: &mut Rig<'_>,
    commands: &Commands,
    system: &mut System,
    plan: Plan<'_>,
    fault: &DrillFault,
    tally: &mut Tally,
    shown: &mut DrillRun,
) -> Step<bool> {
    let due = Instant::now() + rig.policy.start_within;
    while step!(verified(rig, commands, system)).is_empty() {
        if Instant::now() >= due {
            return undecided("nothing is verified before the fault, so that a delay could not be seen");
        }
        step!(pass(rig, tally, Instant::now() + TICK));
    }
    if !pause(system)? {
        let why = "the verifier did not stop".to_owned();
        return Ok(Err(Stop(DrillStanding::Vacuous, why)));
    }
    // What it said before it stopped may still arrive.
    let settled = Instant::now() + Duration::from_millis(rig.policy.within_ms);
    step!(pass(rig, tally, settled));
    let began = tally.next_phase(1);
    step!(invariants(rig, commands, system, "during the fault"));
    step!(pass(rig, tally, began + fault.lasts));
    let late = tally.written();
    if late.is_empty() {
        let why = "the fault touched nothing: no write was acknowledged while the verifier was stopped".to_owned();
        return Ok(Err(Stop(DrillStanding::Vacuous, why)));
    }
    shown.witness = Some(format!(
        "the verifier was stopped by a signal while {} writes were acknowledged",
        late.len()
    ));
    step!(unverified(rig, commands, system, &late));
    let repaired = tally.next_phase(2);
    if plan.repaired {
        resume(system)?;
    }
    let due = repaired + fault.recovery;
    loop {
        let left = if plan.repaired {
            let verified = step!(verified(rig, commands, system));
            late.iter().filter(|write| !verified.contains(*write)).count()
        } else {
            step!(unverified(rig, commands, system, &late));
            late.len()
        };
        let now = Instant::now();
        if left == 0 && now <= due {
            shown.recovered_ms = Some(millis(now.saturating_duration_since(repaired)));
            return Ok(Ok(true));
        }
        if now >= due && !plan.repaired {
            return Ok(Ok(false));
        }
        if now >= due {
            let how = ended(system)?;
            return failed(format!(
                "{left} of {} writes that were acknowledged while the verifier was stopped are not verified within {} s{how}",
                late.len(),
                fault.recovery.as_secs()
            ));
        }
        step!(pass(rig, tally, due.min(now + TICK)));
    }
}

/// What is verified by now.
fn verified(rig: &mut Rig<'_>, commands: &Commands, system: &System) -> Step<BTreeSet<Stored>> {
    let text = match &commands.verified {
        Some(spec) => printed(rig, spec, system)?,
        None => None,
    };
    match text.as_deref().map(history::stored) {
        Some(Ok(stored)) => Ok(Ok(stored.into_iter().collect())),
        Some(Err(why)) => undecided(format!("what is verified cannot be read: {why}")),
        None => failed("what is verified cannot be read"),
    }
}

/// Fails where something counts as verified that nothing can have verified.
fn unverified(rig: &mut Rig<'_>, commands: &Commands, system: &System, late: &[Stored]) -> Step<()> {
    let verified = step!(verified(rig, commands, system));
    let mut early = late.iter().filter(|write| verified.contains(*write));
    let Some(first) = early.next() else {
        return Ok(Ok(()));
    };
    failed(format!(
        "{} of {} writes count as verified although the verifier was stopped before they began: `{}` = `{}`",
        1 + early.count(),
        late.len(),
        first.key,
        first.value
    ))
}

/// Lets the load go on until then.
fn pass(rig: &Rig<'_>, tally: &mut Tally, until: Instant) -> Step<()> {
    while Instant::now() < until {
        rig.alive()?;
        tally.wait(until);
        if tally.ended {
            return undecided("the load ended before the drill did");
        }
    }
    tally.drain();
    Ok(Ok(()))
}

fn ended(system: &mut System) -> Result<&'static str> {
    let ended = system.verifier.as_mut().map(gate_base::process::Running::ended);
    let ended = ended
        .transpose()
        .map_err(|error| Error::tool(format!("cannot wait for the verifier: {error}")))?;
    Ok(match ended {
        Some(Some(_)) => ": the verifier has ended",
        _ => "",
    })
}

#[cfg(unix)]
fn pause(system: &mut System) -> Result<bool> {
    let paused = system.verifier.as_mut().map(gate_base::process::Running::pause);
    // One that ended did not stop.
    Ok(paused.is_some_and(|paused| paused.unwrap_or(false)))
}

#[cfg(unix)]
fn resume(system: &mut System) -> Result<()> {
    let resumed = system.verifier.as_mut().map(gate_base::process::Running::resume);
    let resumed = resumed.transpose();
    resumed
        .map(drop)
        .map_err(|error| Error::tool(format!("cannot resume the verifier: {error}")))
}

#[cfg(not(unix))]
fn pause(_: &mut System) -> Result<bool> {
    Ok(false)
}

#[cfg(not(unix))]
fn resume(_: &mut System) -> Result<()> {
    Ok(())
}
