//! What each fault does, what shows that it happened, and how it is repaired.

use std::time::{Duration, Instant};

use gate_base::error::Result;
use gate_drill::proxy::{Counters, Fault};
use gate_policy::{DrillFault, FaultKind};
use gate_report::{DrillStanding, Reason};

use super::rig::{Commands, Rig, System};
use super::step::{Step, Stop, step};

/// What was done to the system, as far as the system itself says.
pub(super) enum Injected {
    /// Killed so often, each time by that.
    Killed(u32, Option<i32>),
    /// Whether it stopped.
    Paused(bool),
    /// The proxy counts.
    Network(FaultKind),
}

/// Why a fault cannot be done here.
pub(super) fn impossible(kind: FaultKind) -> Option<Reason> {
    let unix_only = kind == FaultKind::Pause && !cfg!(unix);
    unix_only.then(|| {
        let message = "the fault `pause` needs Unix: there is no signal here that stops a process";
        Reason::new("requires_unmet", message)
            .help("run the suite on Linux or macOS, or add `requires = [\"os:linux\"]`")
    })
}

/// What the proxy does, for faults of the network.
fn network(fault: &DrillFault) -> Option<Fault> {
    let time = |ms: Option<u32>| Duration::from_millis(u64::from(ms.unwrap_or_default()));
    Some(match fault.kind {
        FaultKind::Delay => Fault::Delay {
            latency: time(fault.latency_ms),
            jitter: time(fault.jitter_ms),
        },
        FaultKind::Cut => Fault::Cut,
        FaultKind::BlackHole => Fault::BlackHole,
        FaultKind::SlowClose => Fault::SlowClose(time(fault.latency_ms)),
        FaultKind::Corrupt => Fault::Corrupt {
            every: u64::from(fault.every.unwrap_or(1)),
        },
        FaultKind::Kill | FaultKind::CrashLoop | FaultKind::Pause => return None,
    })
}

/// Does it.
pub(super) fn inject(
    rig: &mut Rig<'_>,
    commands: &Commands,
    system: &mut System,
    fault: &DrillFault,
) -> Step<Injected> {
    let at = fault.instance as usize - 1;
    if let Some(network) = network(fault) {
        system.instances[at].proxy.set(Some(network));
        return Ok(Ok(Injected::Network(fault.kind)));
    }
    if fault.kind == FaultKind::Pause {
        return pause(system, at);
    }
    let times = if fault.kind == FaultKind::CrashLoop {
        fault.times.unwrap_or(2)
    } else {
        1
    };
    let mut by = None;
    for time in 1..=times {
        by = step!(kill(system, at, time));
        if time < times {
            system.start(commands, at)?;
            let due = Instant::now() + rig.policy.start_within;
            // It may refuse clients while it recovers; that it runs is enough to kill it again.
            if let Err(why) = rig.wait_ready(commands, system, at, due)? {
                let why = format!("it did not start again after kill {time} of {times}: {why}");
                return Ok(Err(Stop(DrillStanding::Failed, why)));
            }
        }
    }
    Ok(Ok(Injected::Killed(times, by)))
}

fn kill(system: &mut System, at: usize, time: u32) -> Step<Option<i32>> {
    if let Some(how) = system.instances[at].ended()? {
        let why = format!("instance {} {how}, before it was killed (kill {time})", at + 1);
        return Ok(Err(Stop(DrillStanding::Failed, why)));
    }
    let killed = system.instances[at]
        .process
        .as_mut()
        .map(gate_base::process::Running::kill);
    match killed {
        Some(Ok((_, signal))) => Ok(Ok(signal)),
        Some(Err(error)) => Ok(Err(Stop(DrillStanding::Vacuous, format!("it was not killed: {error}")))),
        None => Ok(Err(Stop(DrillStanding::Vacuous, "it was not killed".to_owned()))),
    }
}

#[cfg(unix)]
fn pause(system: &mut System, at: usize) -> Step<Injected> {
    match system.instances[at]
        .process
        .as_mut()
        .map(gate_base::process::Running::pause)
    {
        Some(Ok(stopped)) => Ok(Ok(Injected::Paused(stopped))),
        Some(Err(error)) => Ok(Err(Stop(
            DrillStanding::Failed,
            format!("it cannot be paused: {error}"),
        ))),
        None => Ok(Ok(Injected::Paused(false))),
    }
}

#[cfg(not(unix))]
fn pause(_: &mut System, _: usize) -> Step<Injected> {
    Ok(Ok(Injected::Paused(false)))
}

/// What shows that it happened, or that nothing does.
pub(super) fn witness(injected: &Injected, before: Counters, after: Counters) -> std::result::Result<String, String> {
    let counted = |count: u64, what: &str| match count {
        0 => Err(format!("the fault touched nothing: 0 {what}")),
        count => Ok(format!("{count} {what}")),
    };
    match injected {
        Injected::Killed(times, by) if cfg!(not(unix)) || *by == Some(9) => Ok(match times {
            1 => "killed, and gone".to_owned(),
            times => format!("killed {times} times, and gone"),
        }),
        Injected::Killed(..) => Err("it ended by itself when it was killed".to_owned()),
        Injected::Paused(true) => Ok("stopped by a signal".to_owned()),
        Injected::Paused(false) => Err("it did not stop".to_owned()),
        Injected::Network(kind) => match kind {
            FaultKind::Delay => counted(after.delayed - before.delayed, "bytes delayed"),
            FaultKind::Cut => counted(after.cut - before.cut, "connections cut or refused"),
            FaultKind::BlackHole => counted(after.swallowed - before.swallowed, "bytes that went nowhere"),
            FaultKind::SlowClose => counted(after.slow_closes - before.slow_closes, "ends of connections delayed"),
            _ => counted(after.corrupted - before.corrupted, "bytes corrupted"),
        },
    }
}

/// Undoes it.
pub(super) fn repair(commands: &Commands, system: &mut System, fault: &DrillFault) -> Result<()> {
    let at = fault.instance as usize - 1;
    match fault.kind {
        FaultKind::Kill | FaultKind::CrashLoop => system.start(commands, at),
        FaultKind::Pause => {
            #[cfg(unix)]
            if let Some(process) = &mut system.instances[at].process {
                process
                    .resume()
                    .map_err(|error| gate_base::error::Error::tool(format!("cannot resume the system: {error}")))?;
            }
            Ok(())
        }
        _ => {
            system.instances[at].proxy.set(None);
            Ok(())
        }
    }
}
