//! Dispatches, as rails see them.

use std::sync::Arc;

use super::Governor;
use crate::dispatch::{Dispatch, Outcome as Ended};
use crate::observe::{Observation, Observer};
use crate::reason::{Reason, ReasonKind};
use crate::window::{Outcome, Pressure, Sample};

/// What rails count for a dispatch; `None` for a call that was refused for its arguments, which says nothing about the
/// backend. Throughput counts calls: rails of a kernel that is called with very different sizes should not judge it.
fn sample(dispatch: &Dispatch) -> Option<Sample> {
    let has = |wanted: Reason| dispatch.outcome.causes().iter().any(|cause| cause.reason() == wanted);
    let first = dispatch.outcome.reason();
    let outcome = match &dispatch.outcome {
        // A probe lasts as long as the reference and the comparison take.
        Ended::Native if dispatch.trace.compared => Outcome::NativeUntimed,
        Ended::Native => Outcome::Native,
        // The comparison has told the rails about it.
        Ended::Fallback(_) if has(Reason::OutputMismatch) => Outcome::NativeUntimed,
        Ended::Fallback(_) if first == Reason::NativeFailedFallback => Outcome::NativeFailed,
        Ended::Fallback(_) => Outcome::Reference,
        Ended::Error(_) => match (first, first.kind()) {
            (Reason::KernelRefused, _) | (_, ReasonKind::Contract) => return None,
            (Reason::KernelFailed | Reason::KernelPanicked, _) => Outcome::Reference,
            _ => Outcome::NativeFailed,
        },
    };
    let pressure = if has(Reason::OutOfMemory) {
        Pressure::Refused
    } else {
        Pressure::None
    };
    Some(Sample {
        outcome,
        latency_ns: dispatch.latency_ns,
        work: 1,
        pressure,
    })
}

impl Governor {
    /// Counts a dispatch. Calls that were refused for their arguments do not count.
    pub fn count(&self, dispatch: &Dispatch) {
        if let Some(sample) = sample(dispatch) {
            self.record(sample);
        }
    }
}

/// Counts the dispatches of one kernel's handles. Not of a whole runtime: kernels must not share rails.
#[derive(Debug)]
pub(super) struct Counting(pub(super) Arc<Governor>);

impl Observer for Counting {
    fn observed(&self, observation: &Observation<'_>) {
        if let Some(sample) = sample(observation.dispatch) {
            self.0.record_at(sample, observation.ended);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::{Backend, Outputs, Trace};
    use crate::reason::{Cause, Causes};

    fn of(outcome: Ended) -> Option<(Outcome, Pressure)> {
        let dispatch = Dispatch {
            outcome,
            backend: Backend::Cuda,
            outputs: Outputs::Complete,
            latency_ns: 9,
            trace: Trace::default(),
            violation: None,
        };
        sample(&dispatch).map(|sample| (sample.outcome, sample.pressure))
    }

    #[test]
    fn what_says_something_about_the_native_backend_counts() {
        let chain = |causes: &[Reason]| {
            let first = Causes::of(causes[0]);
            causes[1..].iter().fold(first, |chain, cause| chain.then(*cause))
        };
        let failed = |causes: &[Reason]| of(Ended::Fallback(chain(causes)));
        let error = |causes: &[Reason]| of(Ended::Error(chain(causes)));
        let none = Pressure::None;
        assert_eq!(of(Ended::Native), Some((Outcome::Native, none)));
        assert_eq!(failed(&[Reason::NoDevice]), Some((Outcome::Reference, none)));
        assert_eq!(failed(&[Reason::SafeMode]), Some((Outcome::Reference, none)));
        assert_eq!(
            failed(&[Reason::NativeFailedFallback, Reason::LaunchFailed]),
            Some((Outcome::NativeFailed, none))
        );
        assert_eq!(
            failed(&[Reason::NativeFailedFallback, Reason::OutOfMemory]),
            Some((Outcome::NativeFailed, Pressure::Refused))
        );
        assert_eq!(
            failed(&[Reason::NativeFailedFallback, Reason::OutputMismatch]),
            Some((Outcome::NativeUntimed, none))
        );
        assert_eq!(error(&[Reason::ForcedError]), Some((Outcome::NativeFailed, none)));
        assert_eq!(
            error(&[Reason::FingerprintMismatch]),
            Some((Outcome::NativeFailed, none))
        );
        assert_eq!(error(&[Reason::KernelPanicked]), Some((Outcome::Reference, none)));
        assert_eq!(error(&[Reason::InputCountMismatch]), None);
        assert_eq!(error(&[Reason::KernelRefused]), None);
        let driver = Causes::of(Reason::NativeFailedFallback).then(Cause::driver(719));
        assert_eq!(of(Ended::Fallback(driver)), Some((Outcome::NativeFailed, none)));
    }
}
