//! The way of one launch: contract, guards, then the native backend or the CPU function.

use crate::argument::{Arg, Describe, OwnedArg};
use std::sync::Arc;

use crate::backend::cpu;
use crate::backend::cuda::{Call, choose};
use crate::catalog::{Native, Registered, fingerprint};
use crate::compare::judge;
use crate::contain::contained;
use crate::contract::{Excess, Geometry, Violation};
use crate::control::{Control, Mode};
use crate::dispatch::{Backend, Dispatch, Outcome, Outputs, Trace};
use crate::observe::{ShadowJob, ShadowVerdict};
use crate::reason::{Causes, Reason, ReasonKind};
use crate::shared::{Shared, Switches};
use crate::spec::GeometryFn;

/// Decides and executes. The latency is the caller's to fill in.
#[inline]
pub(super) fn dispatch(
    shared: &Shared,
    registered: &Registered,
    args: &mut [Arg<'_>],
    switch: &Arc<Control>,
    control: u64,
) -> Dispatch {
    let mut trace = Trace::default();
    if let Err(reason) = guard(shared, registered, args) {
        return refused_call(registered, args, reason, trace);
    }
    let switches = shared.switches();
    if let Err(reason) = requested(shared, switches, control) {
        return on_cpu(registered, args, &reason.into(), trace);
    }
    trace.requested = true;
    if switches.contains(Switches::FORCE_ERROR) {
        return refused(Reason::ForcedError, trace);
    }
    if switches.contains(Switches::FORCE_FALLBACK) {
        return on_cpu(registered, args, &Reason::ForcedFallback.into(), trace);
    }
    match &registered.native {
        Err(causes) => on_cpu(registered, args, causes, trace),
        Ok(native) => natively(shared, registered, native, args, (switch, control), trace),
    }
}

/// Everything that is checked before every launch, on every backend.
#[inline]
fn guard(shared: &Shared, registered: &Registered, args: &[Arg<'_>]) -> Result<(), Reason> {
    let spec = &registered.spec;
    if fingerprint::seal(spec) != registered.seal {
        return Err(Reason::FingerprintMismatch);
    }
    for module in &registered.modules {
        module.guard(shared.recheck)?;
    }
    fingerprint::current(registered);
    spec.contract.check(args)?;
    // The limits hold on every machine, also where nothing is launched natively: a call is valid everywhere or nowhere.
    for variant in spec.variants {
        if !is_empty(args) {
            let geometry = geometry(variant.geometry, args)?;
            spec.contract.launch_limits().check(&geometry)?;
        }
    }
    Ok(())
}

fn is_empty(args: &[Arg<'_>]) -> bool {
    args.iter().any(|arg| arg.describe().bytes == 0)
}

fn geometry(function: GeometryFn, args: &[Arg<'_>]) -> Result<Geometry, Reason> {
    contained(|| function(args)).ok_or(Reason::LaunchLimitExceeded)
}

/// Whether configuration and mode ask for the native backend.
#[inline]
fn requested(shared: &Shared, switches: Switches, control: u64) -> Result<(), Reason> {
    let reason = if !shared.requested {
        Reason::NotRequested
    } else if switches.contains(Switches::DISABLE) {
        Reason::DisabledByEnv
    } else if Mode::of_word(control) == Mode::Safe {
        Reason::SafeMode
    } else {
        return Ok(());
    };
    Err(reason)
}

/// What is beyond the limits of a launch with these arguments.
fn excess(registered: &Registered, args: &[Arg<'_>]) -> Option<Violation> {
    let limits = registered.spec.contract.launch_limits();
    let excesses = registered.spec.variants.iter().filter_map(|variant| {
        geometry(variant.geometry, args).map_or(Some(Excess::Panicked), |geometry| limits.excess(&geometry))
    });
    excesses.map(Violation::Launch).next()
}

/// Nothing ran because of the guards; says which argument or which limit the contract refused, where it did.
#[cold]
fn refused_call(registered: &Registered, args: &[Arg<'_>], reason: Reason, trace: Trace) -> Dispatch {
    let violation = match reason.kind() {
        ReasonKind::Contract => {
            let violation = registered.spec.contract.violation(args);
            violation.or_else(|| excess(registered, args))
        }
        _ => None,
    };
    Dispatch {
        violation,
        ..refused(reason, trace)
    }
}

/// Nothing ran.
#[cold]
pub(super) fn refused(reason: Reason, trace: Trace) -> Dispatch {
    Dispatch {
        outcome: Outcome::Error(reason.into()),
        backend: if trace.requested { Backend::Cuda } else { Backend::Cpu },
        outputs: Outputs::Untouched,
        latency_ns: 0,
        trace,
        violation: None,
    }
}

/// The CPU function, for a call that nothing was tried for before.
#[inline]
fn on_cpu(registered: &Registered, args: &mut [Arg<'_>], causes: &Causes, mut trace: Trace) -> Dispatch {
    trace.fallback_to_cpu = true;
    let (outcome, outputs) = match cpu::run(registered.spec.cpu, args) {
        Ok(()) => (Outcome::Fallback(*causes), Outputs::Complete),
        Err(reason) => (Outcome::Error(Causes::of(reason).chain(*causes)), Outputs::Undefined),
    };
    Dispatch {
        outcome,
        backend: Backend::Cpu,
        outputs,
        latency_ns: 0,
        trace,
        violation: None,
    }
}

/// The native backend, and the CPU function behind it.
fn natively(
    shared: &Shared,
    registered: &Registered,
    native: &Native,
    args: &mut [Arg<'_>],
    (switch, control): (&Arc<Control>, u64),
    mut trace: Trace,
) -> Dispatch {
    if is_empty(args) {
        return on_cpu(registered, args, &Reason::EmptyLaunch.into(), trace);
    }
    let body = native.module.body();
    let image = match choose(&body.images, native.cuda.device()) {
        Ok(image) => image,
        Err(causes) => return on_cpu(registered, args, &causes, trace),
    };
    let geometry = match geometry(native.variant.geometry, args) {
        Ok(geometry) => geometry,
        Err(reason) => return refused_call(registered, args, reason, trace),
    };
    trace.available = true;
    let call = Call {
        contract: registered.spec.contract,
        cpu: registered.spec.cpu,
        image,
        entry: native.variant.entry,
        geometry,
        delay: shared.compile_delay(),
    };
    let probes = Mode::of_word(control) == Mode::Probe;
    let shadow = shared.shadow.as_deref();
    let sampled = !probes
        && shadow.is_some_and(|shadow| {
            let samples = || shadow.samples(registered.spec.contract, args);
            contained(samples).unwrap_or(false)
        });
    if !probes && !sampled {
        if let Err(causes) = native.cuda.run(&call, args, &mut trace) {
            return after_failure(registered, args, causes, trace);
        }
        return done_natively(trace);
    }
    let spare = shadow.and_then(|shadow| contained(|| shadow.spare()).flatten());
    let mut before: Vec<OwnedArg> = args.iter().map(|arg| OwnedArg::for_reference(arg, spare)).collect();
    if let Err(causes) = native.cuda.run(&call, args, &mut trace) {
        return after_failure(registered, args, causes, trace);
    }
    // What is only written is written again by the CPU function; what is read as well has to be put back for it.
    let saved: Vec<Option<OwnedArg>> = args
        .iter()
        .zip(&before)
        .map(|(arg, before)| matches!(arg, Arg::InOut(..)).then(|| before.clone()))
        .collect();
    let written =
        |arg: &Arg<'_>| matches!(arg, Arg::Output(..) | Arg::InOut(..)).then(|| OwnedArg::copy_of(arg, spare));
    let after: Vec<Option<OwnedArg>> = args.iter().map(written).collect();
    let (contract, cpu) = (registered.spec.contract, registered.spec.cpu);
    let accepted = if probes {
        // Whatever shadow there is or is not: no output of a probe leaves here without having been compared.
        trace.compared = true;
        let finding = judge(contract, cpu, &mut before, &after);
        switch.compared(finding.is_none());
        if let Some(shadow) = shadow {
            let _ = contained(|| shadow.probed(contract.name(), finding.as_ref()));
        }
        finding.is_none()
    } else {
        let job = ShadowJob {
            contract,
            cpu,
            control: Arc::clone(switch),
            before,
            after,
        };
        let verdict = shadow.and_then(|shadow| contained(|| shadow.compare(job)));
        verdict == Some(ShadowVerdict::Accepted)
    };
    if !accepted {
        for (arg, saved) in args.iter_mut().zip(&saved) {
            if let Some(saved) = saved {
                arg.restore(saved);
            }
        }
        return after_failure(registered, args, Reason::OutputMismatch.into(), trace);
    }
    done_natively(trace)
}

fn done_natively(trace: Trace) -> Dispatch {
    Dispatch {
        outcome: Outcome::Native,
        backend: Backend::Cuda,
        outputs: Outputs::Complete,
        latency_ns: 0,
        trace,
        violation: None,
    }
}

/// The CPU function, behind a native launch that failed. Buffers that it reads are what they were before.
#[cold]
fn after_failure(registered: &Registered, args: &mut [Arg<'_>], native: Causes, mut trace: Trace) -> Dispatch {
    trace.fallback_to_cpu = true;
    let (outcome, outputs) = match cpu::run(registered.spec.cpu, args) {
        Ok(()) => {
            let causes = Causes::of(Reason::NativeFailedFallback).chain(native);
            (Outcome::Fallback(causes), Outputs::Complete)
        }
        Err(reason) => {
            let causes = Causes::of(Reason::CpuFallbackFailed).chain(native).then(reason);
            (Outcome::Error(causes), Outputs::Undefined)
        }
    };
    Dispatch {
        outcome,
        backend: Backend::Cpu,
        outputs,
        latency_ns: 0,
        trace,
        violation: None,
    }
}
