//! The runtime: what is registered, how it is configured, and what can be asked of it.

mod builder;
mod collect;
mod register;
mod replace;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::argument::Arg;
use crate::control::Control;
use crate::dispatch::{Backend, Dispatch, LaunchError, Outcome, Outputs, Trace};
use crate::fault::Faults;
use crate::kernel::Kernel;
use crate::module::{Diagnostic, Module, ModuleSource};
use crate::plan::{Plan, PlanId};
use crate::reason::{Causes, Reason};
use crate::shared::{Shared, Switches};
use crate::stats::RunStats;

pub use builder::{BuildError, Builder};

/// Dispatches kernels. Clones are the same runtime; it ends with the last of them and of its kernels, and the decision log is
/// written to its end then, which is waited for, up to five seconds where a disk hangs.
#[derive(Clone)]
pub struct Runtime {
    pub(crate) shared: Arc<Shared>,
}

impl Runtime {
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
                    violation: None,
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
            violation: None,
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

    /// Replaces a module in the running process. The replacement is verified; where registered kernels run it natively, the driver
    /// compiles it while launches go on, and kernels whose contract declares a [self-check](crate::Contract::self_check)
    /// must compute with it what their CPU function computes. Only then it serves, and the module before is unloaded. On
    /// failure the module that was there keeps serving, and bytes that the driver refused are not compiled again. Either way
    /// the decision log has an event.
    ///
    /// # Errors
    /// No module of that name, or what is wrong with the new one: status `COMPILE_FAILED`, reason `kept_last_known_good`, and
    /// the finding in the message.
    pub fn reload(&self, source: ModuleSource) -> Result<(), Diagnostic> {
        let name = source.name.clone();
        let replaced = match self.modules().into_iter().find(|module| module.name() == name) {
            None => Err(format!("no module `{name}` is registered")),
            Some(module) => self.replace(&module, source),
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
