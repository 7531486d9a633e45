//! What each fault does, what shows that it happened, and how it is repaired.

use std::time::{Duration, Instant};

use gate_base::error::{Error, Result};
use gate_base::process::full::{self, Full};
use gate_drill::proxy::{Counters, Fault};
use gate_policy::{DrillFault, FaultKind};
use gate_report::{DrillStanding, Reason};

use super::rig::{Commands, Instance, Rig, System};
use super::step::{Step, Stop, step};

/// What was done to the system, as far as the system itself says.
pub(super) enum Injected {
    /// Killed so often, each time by that.
    Killed(u32, Option<i32>),
    /// Whether it stopped.
    Paused(bool),
    /// It can write no byte.
    Full,
    /// The proxy counts.
    Network(FaultKind),
}

/// Why a fault cannot be done here.
pub(super) fn impossible(kind: FaultKind) -> Option<Reason> {
    let (possible, needs, help) = match kind {
        FaultKind::Pause | FaultKind::VerificationDelay => (
            cfg!(unix),
            "Unix: there is no signal here that stops a process",
            "run the suite on Linux or macOS, or add `requires = [\"os:linux\"]`",
        ),
        FaultKind::DiskFull => (
            full::POSSIBLE,
            "Linux: there is no way here to limit what a running process can write",
            "run the suite on Linux, and add `requires = [\"os:linux\"]`",
        ),
        _ => return None,
    };
    let message = format!("the fault `{}` needs {needs}", kind.name());
    (!possible).then(|| Reason::new("requires_unmet", message).help(help))
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
        FaultKind::BackPressure => Fault::BackPressure {
            bytes_per_second: u64::from(fault.bytes_per_second.unwrap_or(1)),
        },
        FaultKind::Kill
        | FaultKind::CrashLoop
        | FaultKind::Pause
        | FaultKind::DiskFull
        | FaultKind::VerificationDelay => return None,
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
    if fault.kind == FaultKind::DiskFull {
        return fill(&mut system.instances[at]);
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

fn fill(instance: &mut Instance) -> Step<Injected> {
    let id = instance.process.as_ref().map(gate_base::process::Running::id);
    match Full::begin(id.unwrap_or_default()) {
        Ok(full) => {
            instance.full = Some(full);
            Ok(Ok(Injected::Full))
        }
        Err(error) => Ok(Err(Stop(
            DrillStanding::Vacuous,
            format!("what it can write was not limited: {error}"),
        ))),
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
pub(super) fn witness(
    injected: &Injected,
    before: Counters,
    instance: &mut Instance,
) -> Result<std::result::Result<String, String>> {
    if let Injected::Full = injected {
        return full_witness(instance);
    }
    Ok(counted(injected, before, instance.proxy.counters()))
}

fn full_witness(instance: &mut Instance) -> Result<std::result::Result<String, String>> {
    let holds = instance.full.as_ref().map(Full::holds);
    // One that ends because it can write nothing is not there to be looked at.
    if let Some(how) = instance.ended()? {
        return Ok(Ok(format!("no byte could be written, and it {how}")));
    }
    Ok(match holds {
        Some(Ok(1)) => Ok("1 process that can write no byte".to_owned()),
        Some(Ok(count)) => Ok(format!("{count} processes that can write no byte")),
        Some(Err(error)) => Err(format!("the disk was not full for all of it: {error}")),
        None => Err("the disk was not full".to_owned()),
    })
}

fn counted(injected: &Injected, before: Counters, after: Counters) -> std::result::Result<String, String> {
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
        Injected::Full => Err("the disk was not full".to_owned()),
        Injected::Network(kind) => match kind {
            FaultKind::Delay => counted(after.delayed - before.delayed, "bytes delayed"),
            FaultKind::Cut => counted(after.cut - before.cut, "connections cut or refused"),
            FaultKind::BlackHole => counted(after.swallowed - before.swallowed, "bytes that went nowhere"),
            FaultKind::BackPressure => counted(after.held_back - before.held_back, "bytes held back"),
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
                    .map_err(|error| Error::tool(format!("cannot resume the system: {error}")))?;
            }
            Ok(())
        }
        FaultKind::DiskFull => {
            let full = system.instances[at].full.take();
            let ended = system.instances[at].ended()?.is_some();
            let freed = full.map_or(Ok(()), Full::end);
            // It may end in the moment in which it could write again.
            if ended || (freed.is_err() && system.instances[at].ended()?.is_some()) {
                return system.start(commands, at);
            }
            freed.map_err(|error| Error::tool(format!("what it can write stays limited: {error}")))
        }
        _ => {
            system.instances[at].proxy.set(None);
            Ok(())
        }
    }
}

/// What must happen before the final read: after a full disk the instance starts again, because what is only in its memory is not
/// stored.
pub(super) fn settle(rig: &mut Rig<'_>, commands: &Commands, system: &mut System, fault: &DrillFault) -> Step<()> {
    if fault.kind != FaultKind::DiskFull {
        return Ok(Ok(()));
    }
    let at = fault.instance as usize - 1;
    rig.stop_one(commands, system, at)?;
    system.instances[at].full = None;
    system.start(commands, at)?;
    let due = Instant::now() + rig.policy.start_within;
    Ok(rig.wait_ready(commands, system, at, due)?.map_err(|why| {
        let why = format!("it did not start again after the disk was full: {why}");
        Stop(DrillStanding::Failed, why)
    }))
}
