//! What all kernels of a runtime share.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::backend::cuda::{Cuda, Opener};
use crate::catalog::Catalog;
use crate::contain::contained;
use crate::control::Control;
use crate::decision_log::LogHandle;
#[cfg(feature = "tracing")]
use crate::dispatch::Outcome;
use crate::fault::Faults;
use crate::journal::Lanes;
use crate::module::Recheck;
use crate::observe::{Observation, Observer, Shadow};
use crate::reason::Causes;

/// Injected faults as bits, so that a launch reads them in one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Switches(u32);

impl Switches {
    pub(crate) const DISABLE: u32 = 1;
    pub(crate) const FORCE_ERROR: u32 = 2;
    pub(crate) const FORCE_FALLBACK: u32 = 4;

    #[inline]
    pub(crate) const fn contains(self, bit: u32) -> bool {
        self.0 & bit != 0
    }

    pub(crate) fn of(faults: &Faults) -> u32 {
        let bit = |on, bit| if on { bit } else { 0 };
        bit(faults.disable, Self::DISABLE)
            | bit(faults.force_error, Self::FORCE_ERROR)
            | bit(faults.force_fallback, Self::FORCE_FALLBACK)
    }
}

/// What all kernels of a runtime share.
pub(crate) struct Shared {
    pub(crate) run_id: String,
    pub(crate) requested: bool,
    pub(crate) recheck: Recheck,
    pub(crate) epoch: Instant,
    /// Whether records are wanted.
    pub(crate) logs: bool,
    /// Whether anybody is told of dispatches.
    pub(crate) observed: bool,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) shadow: Option<Arc<dyn Shadow>>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) switches: AtomicU32,
    pub(crate) compile_delay_ms: AtomicU64,
    pub(crate) native: Result<Arc<Cuda>, Causes>,
    pub(crate) opener: Box<Opener>,
    /// Modules are replaced one after the other.
    pub(crate) reloading: Mutex<()>,
    pub(crate) control: Arc<Control>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) log: Option<LogHandle>,
    pub(crate) silent_mismatches: AtomicU64,
    pub(crate) faults_at_start: Faults,
    pub(crate) unknown_calls: AtomicU64,
}

impl Shared {
    #[inline]
    pub(crate) fn switches(&self) -> Switches {
        Switches(self.switches.load(Ordering::Relaxed))
    }

    /// Those that were reported, and those that a shadow found behind its callers.
    pub(crate) fn silent_mismatches(&self) -> u64 {
        let found = || self.shadow.as_ref().map_or(0, |shadow| shadow.silent_mismatches());
        let found = contained(found).unwrap_or(0);
        self.silent_mismatches.load(Ordering::Relaxed).saturating_add(found)
    }

    pub(crate) fn compile_delay(&self) -> Duration {
        Duration::from_millis(self.compile_delay_ms.load(Ordering::Relaxed))
    }

    pub(crate) fn observe(&self, observation: &Observation<'_>) {
        #[cfg(feature = "tracing")]
        trace(observation);
        if let Some(observer) = &self.observer {
            // What an observer does wrong is not the caller's failure: the work is done.
            let _ = contained(|| observer.observed(observation));
        }
    }
}

/// One event for each dispatch: errors as such, fallbacks as information, the rest for debugging.
#[cfg(feature = "tracing")]
fn trace(observation: &Observation<'_>) {
    let Observation {
        kernel,
        dispatch,
        control,
        ..
    } = observation;
    let backend = dispatch.backend.name();
    let mode = control.mode.name();
    let latency_ns = dispatch.latency_ns;
    match &dispatch.outcome {
        Outcome::Error(causes) => {
            tracing::error!(target: "gate_runtime", kernel, backend, mode, latency_ns, reason = %causes, "kernel failed");
        }
        Outcome::Fallback(causes) => {
            tracing::info!(target: "gate_runtime", kernel, backend, mode, latency_ns, reason = %causes, "kernel fell back");
        }
        Outcome::Native => tracing::debug!(target: "gate_runtime", kernel, backend, mode, latency_ns, "kernel ran"),
    }
}
