//! The runtime: what is registered, how it is configured, and what all kernels share.

mod builder;
mod catalog;
mod register;

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::argument::Arg;
use crate::backend::cuda::{Cuda, Driver, OpenError};
use crate::contain::contained;
use crate::control::Control;
use crate::decision_log::LogHandle;
use crate::dispatch::{Backend, Dispatch, LaunchError, Outcome, Outputs, Trace};
use crate::fault::Faults;
use crate::journal::Lanes;
use crate::kernel::{Kernel, PlanId};
use crate::module::{Diagnostic, Module, ModuleSource, Recheck};
use crate::observe::{Observation, Observer, Shadow};
use crate::plan::Plan;
use crate::reason::{Causes, Reason};
use crate::stats::RunStats;

pub(crate) use builder::cpu_label;
pub use builder::{BuildError, Builder};
pub(crate) use catalog::Catalog;

/// Opens a device, at first and again after it was lost.
pub(crate) type Opener = dyn Fn() -> Result<Box<dyn Driver>, OpenError> + Send + Sync;

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

    fn of(faults: &Faults) -> u32 {
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
    observer: Option<Arc<dyn Observer>>,
    switches: AtomicU32,
    compile_delay_ms: AtomicU64,
    pub(crate) native: Result<Arc<Cuda>, Causes>,
    opener: Box<Opener>,
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

/// Dispatches kernels. Clones are the same runtime; it ends with the last of them and of its kernels, and the decision log is
/// written to its end then, which is waited for, up to five seconds where a disk hangs.
#[derive(Clone)]
pub struct Runtime {
    pub(crate) shared: Arc<Shared>,
}

impl Runtime {
    /// Starts to configure a runtime.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The identity of this run in log and stats.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.shared.run_id
    }

    /// A registered kernel.
    #[must_use]
    pub fn kernel(&self, name: &str) -> Option<Kernel> {
        let listed = self.shared.catalog.find(name)?;
        let control = Arc::clone(&self.shared.control);
        Some(Kernel::new(
            Arc::clone(&self.shared),
            listed.kernel,
            control,
            listed.plan,
        ))
    }

    /// Names of all registered kernels, ascending.
    #[must_use]
    pub fn kernels(&self) -> Vec<&'static str> {
        self.shared.catalog.names()
    }

    /// Launches a kernel by its name. Programs that launch often keep the [`Kernel`].
    pub fn launch(&self, name: &str, args: &mut [Arg<'_>]) -> Dispatch {
        match self.kernel(name) {
            Some(kernel) => kernel.launch(args),
            None => {
                self.shared.unknown_calls.fetch_add(1, Ordering::Relaxed);
                self.log_event(Reason::UnknownKernel, name, "");
                Dispatch {
                    outcome: Outcome::Error(Reason::UnknownKernel.into()),
                    backend: Backend::Cpu,
                    outputs: Outputs::Untouched,
                    latency_ns: 0,
                    trace: Trace::default(),
                }
            }
        }
    }

    /// A workload of registered kernels, in the order of its calls; a kernel may occur more than once. Its kernels log under
    /// it after [`Kernel::in_plan`].
    #[must_use]
    pub fn plan(&self, name: &str, kernels: &[&Kernel]) -> PlanId {
        let operations = kernels.iter().map(|kernel| (kernel.name(), kernel.registered.broken()));
        self.shared.catalog.add_plan(Plan::new(name, operations))
    }

    /// The switch that kernels obey unless they are given another one.
    #[must_use]
    pub fn control(&self) -> &Arc<Control> {
        &self.shared.control
    }

    /// Replaces the injected faults. `simulate_available` has an effect only when a runtime is built.
    pub fn inject(&self, faults: &Faults) {
        let shared = &self.shared;
        shared.switches.store(Switches::of(faults), Ordering::Relaxed);
        let delay = faults.compile_delay.as_millis() as u64;
        shared.compile_delay_ms.store(delay, Ordering::Relaxed);
    }

    /// Why there is no native backend; `None` where there is one, also while its device is lost.
    #[must_use]
    pub fn unavailable(&self) -> Option<Causes> {
        self.shared.native.as_ref().err().copied()
    }

    /// Whether the device was lost and not opened again since.
    #[must_use]
    pub fn is_device_lost(&self) -> bool {
        self.shared.native.as_ref().is_ok_and(|cuda| cuda.is_lost())
    }

    /// Opens the device again after it was lost. Modules are loaded again when they are needed.
    ///
    /// # Errors
    /// Why there is no device now; calls keep falling back with `device_lost`.
    pub fn reopen_device(&self) -> Result<(), LaunchError> {
        let failed = |causes| LaunchError {
            causes,
            outputs: Outputs::Untouched,
        };
        let cuda = self.shared.native.as_ref().map_err(|causes| failed(*causes))?;
        cuda.reopen(&*self.shared.opener)
            .map_err(|reason| failed(Causes::of(Reason::DeviceLost).then(reason)))?;
        self.log_event(Reason::DeviceReopened, &cuda.device().label(), "");
        Ok(())
    }

    /// The modules of all registered kernels, ascending by name.
    #[must_use]
    pub fn modules(&self) -> Vec<Arc<Module>> {
        self.shared.catalog.modules()
    }

    /// Replaces a module in the running process. On failure the module that was there keeps serving. Either way the decision
    /// log has an event.
    ///
    /// # Errors
    /// No module of that name, or what is wrong with the new one: status `COMPILE_FAILED`, reason `kept_last_known_good`, and
    /// the finding in the message.
    pub fn reload(&self, source: ModuleSource) -> Result<(), Diagnostic> {
        let name = source.name.clone();
        let replaced = match self.modules().into_iter().find(|module| module.name() == name) {
            None => Err(format!("no module `{name}` is registered")),
            Some(module) => module.replace(source).map_err(|diagnostic| diagnostic.to_string()),
        };
        match replaced {
            Ok(()) => {
                self.log_event(Reason::ModuleReloaded, &name, "");
                Ok(())
            }
            Err(message) => {
                self.log_event(Reason::KeptLastKnownGood, &name, &message);
                Err(Diagnostic::new(Reason::KeptLastKnownGood, message))
            }
        }
    }

    /// Digests every module again; see [`Module::audit`].
    ///
    /// # Errors
    /// What differs, of the first module that does.
    pub fn audit(&self) -> Result<(), Diagnostic> {
        let results = self.modules().into_iter().map(|module| module.audit());
        results.fold(Ok(()), Result::and)
    }

    /// Records that a call of the kernel reported `OK` for output that was found wrong afterwards. No run with one of these is
    /// a pass.
    pub fn count_silent_mismatch(&self) {
        self.shared.silent_mismatches.fetch_add(1, Ordering::Relaxed);
    }

    /// Totals of the run so far.
    #[must_use]
    pub fn stats(&self) -> RunStats {
        RunStats::of(&self.shared)
    }

    /// Writes something into the decision log that is not a dispatch.
    pub fn log_event(&self, reason: Reason, subject: &str, message: &str) {
        if let Some(log) = &self.shared.log {
            log.event(reason, subject, message);
        }
    }

    /// Waits until everything that has happened on this thread before is in the decision log's file. Returns at once without
    /// a log.
    ///
    /// # Errors
    /// What the file system said, the first time since the last flush.
    pub fn flush(&self) -> std::io::Result<()> {
        match &self.shared.log {
            None => Ok(()),
            Some(log) => log.flush(),
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("run_id", &self.shared.run_id)
            .field("kernels", &self.kernels())
            .finish_non_exhaustive()
    }
}

/// A lock whose holder panicked is taken over: what is behind it is changed in single steps only.
pub(crate) fn unpoisoned<T>(result: Result<T, PoisonError<T>>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}
