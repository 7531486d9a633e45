//! Kernels: what is registered, and the handle that launches it.

mod route;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::argument::Arg;
use crate::catalog::{Registered, fingerprint};
use crate::contain::contained;
use crate::contract::Contract;
use crate::control::{Control, ControlState};
use crate::dispatch::Dispatch;
use crate::journal::{Record, with_shard};
use crate::module::Module;
use crate::observe::{Observation, Observer};
use crate::plan::Candidate;
use crate::reason::Causes;
use crate::shared::Shared;

pub use crate::plan::PlanId;
pub use crate::spec::{CpuFn, GeometryFn, KernelSpec, Variant};

/// A registered kernel, ready to be launched from any thread. Clones are the same kernel.
#[derive(Clone)]
pub struct Kernel {
    pub(crate) shared: Arc<Shared>,
    pub(crate) registered: Arc<Registered>,
    control: Arc<Control>,
    /// Told of the dispatches of this handle, next to the runtime's observer.
    observer: Option<Arc<dyn Observer>>,
    plan: u32,
}

impl Kernel {
    pub(crate) fn new(shared: Arc<Shared>, registered: Arc<Registered>, control: Arc<Control>, plan: u32) -> Kernel {
        Kernel {
            shared,
            registered,
            control,
            observer: None,
            plan,
        }
    }

    /// Launches the kernel and waits for it. Never panics, and never allocates on the CPU path once the thread has called the
    /// kernel before; where a process registers more than 64 kernels, those that are a multiple of 64 apart in the order of
    /// registration take a thread's place from each other, and a call may allocate again. With an error, [`Dispatch::outputs`]
    /// says what is in the output buffers.
    #[inline]
    pub fn launch(&self, args: &mut [Arg<'_>]) -> Dispatch {
        let start = Instant::now();
        let control = self.control.load();
        let mut dispatch = route::dispatch(&self.shared, &self.registered, args, &self.control, control);
        dispatch.latency_ns = start.elapsed().as_nanos() as u64;
        self.record(start, control, &dispatch);
        dispatch
    }

    /// Refuses a call whose arguments cannot even be made: it is counted and logged as a launch is.
    #[cfg(feature = "ffi")]
    pub(crate) fn refuse(&self, reason: crate::reason::Reason) -> Dispatch {
        let (start, control) = (Instant::now(), self.control.load());
        let dispatch = route::refused(reason, crate::dispatch::Trace::default());
        self.record(start, control, &dispatch);
        dispatch
    }

    #[inline]
    fn record(&self, start: Instant, control: u64, dispatch: &Dispatch) {
        let Kernel { shared, registered, .. } = self;
        with_shard(&registered.shards, &shared.lanes, |shard| {
            shard.counters.count(dispatch);
            let call = shard.lane.next_call();
            if shared.logs {
                let started = start.saturating_duration_since(shared.epoch).as_nanos() as u64;
                let numbers = (registered.number, self.plan);
                let fingerprint = registered.fingerprint();
                let record = Record::new(numbers, started, call, fingerprint, control, dispatch);
                shard.lane.hand_over(&record);
            }
        });
        if shared.observed || self.observer.is_some() {
            self.observe(start, control, dispatch);
        }
    }

    /// Tells the observers, and `tracing` where it is built in.
    #[cold]
    fn observe(&self, start: Instant, control: u64, dispatch: &Dispatch) {
        let observation = Observation {
            kernel: self.name(),
            contract: self.contract(),
            dispatch,
            control: ControlState::unpack(control),
            ended: start + Duration::from_nanos(dispatch.latency_ns),
        };
        self.shared.observe(&observation);
        if let Some(observer) = &self.observer {
            let _ = contained(|| observer.observed(&observation));
        }
    }

    /// The same kernel, obeying another switch: that of a tenant, for example.
    #[must_use]
    pub fn with_control(&self, control: Arc<Control>) -> Kernel {
        Kernel {
            control,
            ..self.clone()
        }
    }

    /// The same kernel, telling this observer of the dispatches of this handle and of its clones. It replaces an earlier one of
    /// the handle; the runtime's observer is told as well.
    #[must_use]
    pub fn with_observer(&self, observer: Arc<dyn Observer>) -> Kernel {
        Kernel {
            observer: Some(observer),
            ..self.clone()
        }
    }

    /// The same kernel, logged as part of a workload.
    #[must_use]
    pub fn in_plan(&self, plan: &PlanId) -> Kernel {
        Kernel {
            plan: plan.number,
            ..self.clone()
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.registered.spec.contract.name()
    }

    /// What it accepts.
    #[must_use]
    pub fn contract(&self) -> &'static Contract {
        self.registered.spec.contract
    }

    /// Its CPU function, to be called without guards, log and stats: what a benchmark compares with.
    #[must_use]
    pub fn cpu(&self) -> CpuFn {
        self.registered.spec.cpu
    }

    /// The switch that it obeys.
    #[must_use]
    pub fn control(&self) -> &Arc<Control> {
        &self.control
    }

    /// Its native candidates, the preferred first: descending by score, then ascending by symbol.
    #[must_use]
    pub fn candidates(&self) -> &[Candidate] {
        &self.registered.candidates
    }

    /// The modules of its variants.
    #[must_use]
    pub fn modules(&self) -> &[Arc<Module>] {
        &self.registered.modules
    }

    /// Why it does not run natively on this machine; `None` where it does.
    #[must_use]
    pub fn unavailable(&self) -> Option<Causes> {
        self.registered.native.as_ref().err().copied()
    }

    /// Fingerprint of contract, variants and modules: the same in every process that was built from the same kernels.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        fingerprint::current(&self.registered)
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel")
            .field("name", &self.name())
            .field("unavailable", &self.unavailable())
            .finish_non_exhaustive()
    }
}
