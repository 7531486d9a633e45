//! Questions to a system: whether its invariants hold, and what a command prints.

use gate_base::error::Result;
use gate_base::process::{self, ProcessSpec};

use super::rig::{Commands, Rig, System, fill};
use super::step::{Step, failed};

/// Fails where an invariant does not hold.
pub(super) fn invariants(rig: &mut Rig<'_>, commands: &Commands, system: &System, when: &str) -> Step<()> {
    let filled = system.clients(None);
    for (name, spec) in &commands.invariants {
        if !rig.ask(spec, &filled)? {
            return failed(format!("the invariant `{name}` does not hold {when}"));
        }
    }
    Ok(Ok(()))
}

/// What a command printed, if it succeeded.
pub(super) fn printed(rig: &mut Rig<'_>, spec: &ProcessSpec, system: &System) -> Result<Option<String>> {
    let mut text = String::new();
    let spec = fill(spec, &system.clients(None));
    let end = process::run(&spec, &mut rig.log, rig.cx.cancel, &mut |line| {
        text.push_str(line);
        text.push('\n');
    })?;
    rig.alive()?;
    Ok((end.exit_code == Some(0) && !end.timed_out).then_some(text))
}
