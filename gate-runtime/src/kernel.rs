//! Kernels: what is registered, and the handle that launches it.

mod fingerprint;
mod route;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::argument::Arg;
use crate::backend::cuda::Cuda;
use crate::contract::{Contract, Geometry};
use crate::control::{Control, ControlState};
use crate::dispatch::Dispatch;
use crate::journal::{Record, Shards, with_shard};
use crate::module::{Module, ModuleImage};
use crate::observe::Observation;
use crate::plan::{Candidate, Plan};
use crate::reason::{Causes, Reason};
use crate::runtime::Shared;
use crate::status::Status;

/// The CPU side of a kernel. It is called with arguments that keep the contract; every output has to be complete when it
/// returns [`Status::Ok`]. Panics are contained.
pub type CpuFn = fn(&mut [Arg<'_>]) -> Status;

/// How a launch with these arguments is cut into blocks. The arguments keep the contract.
pub type GeometryFn = fn(&[Arg<'_>]) -> Geometry;

/// One native implementation of a kernel.
#[derive(Debug, Clone, Copy)]
pub struct Variant {
    /// The module that has it.
    pub module: &'static ModuleImage,
    /// Symbol of its `.entry`.
    pub entry: &'static str,
    /// How it is launched.
    pub geometry: GeometryFn,
    /// The variant with the highest score that the device can run is taken; of equal ones the lexically smallest symbol.
    pub score: u32,
}

/// What is registered under one name: the contract, the CPU function, and any number of native variants.
#[derive(Debug, Clone, Copy)]
pub struct KernelSpec {
    /// What the kernel accepts.
    pub contract: &'static Contract,
    /// The CPU side; there is always one.
    pub cpu: CpuFn,
    /// The native side.
    pub variants: &'static [Variant],
}

/// What a registered kernel is.
pub(crate) struct Registered {
    pub(crate) spec: KernelSpec,
    /// Number in the runtime.
    pub(crate) number: u32,
    /// The modules of the variants, in their order.
    pub(crate) modules: Vec<Arc<Module>>,
    pub(crate) candidates: Vec<Candidate>,
    /// The variant that runs natively, or why none does.
    pub(crate) native: Result<Native, Causes>,
    pub(crate) shards: Shards,
    /// Over the words that a launch uses; see [`fingerprint::seal`].
    pub(crate) seal: u64,
    /// Fingerprint of contract, variants and modules, and the module generations it was taken at.
    pub(crate) fingerprint: AtomicU64,
    pub(crate) fingerprint_at: AtomicU64,
}

/// The chosen native variant.
pub(crate) struct Native {
    pub(crate) cuda: Arc<Cuda>,
    pub(crate) variant: Variant,
    pub(crate) module: Arc<Module>,
}

impl Registered {
    /// Why an operation that calls this kernel is a graph break; `None` where it runs natively.
    pub(crate) fn broken(&self) -> Option<Reason> {
        self.native.as_ref().err().map(Causes::first)
    }

    /// The fingerprint without looking at it again.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.fingerprint.load(Ordering::Relaxed)
    }
}

/// A registered kernel, ready to be launched from any thread. Clones are the same kernel.
#[derive(Clone)]
pub struct Kernel {
    pub(crate) shared: Arc<Shared>,
    pub(crate) registered: Arc<Registered>,
    control: Arc<Control>,
    plan: u32,
}

impl Kernel {
    pub(crate) fn new(shared: Arc<Shared>, registered: Arc<Registered>, control: Arc<Control>, plan: u32) -> Kernel {
        Kernel {
            shared,
            registered,
            control,
            plan,
        }
    }

    /// Launches the kernel and waits for it. Never panics, and never allocates on the CPU path once the thread has called the
    /// kernel before. With an error, [`Dispatch::outputs`] says what is in the output buffers.
    #[inline]
    pub fn launch(&self, args: &mut [Arg<'_>]) -> Dispatch {
        let start = Instant::now();
        let control = self.control.load();
        let mut dispatch = route::dispatch(self, args, control);
        dispatch.latency_ns = start.elapsed().as_nanos() as u64;
        self.record(start, control, &dispatch);
        dispatch
    }

    /// Refuses a call whose arguments cannot even be made: it is counted and logged as a launch is.
    #[cfg(feature = "ffi")]
    pub(crate) fn refuse(&self, reason: Reason) -> Dispatch {
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
        if shared.observed {
            self.observe(control, dispatch);
        }
    }

    /// Tells the observer, and `tracing` where it is built in.
    #[cold]
    fn observe(&self, control: u64, dispatch: &Dispatch) {
        let observation = Observation {
            kernel: self.name(),
            contract: self.contract(),
            dispatch,
            control: ControlState::unpack(control),
        };
        self.shared.observe(&observation);
    }

    /// The same kernel, obeying another switch: that of a tenant, for example.
    #[must_use]
    pub fn with_control(&self, control: Arc<Control>) -> Kernel {
        Kernel {
            control,
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

/// A workload that a runtime knows.
#[derive(Debug, Clone)]
pub struct PlanId {
    pub(crate) number: u32,
    pub(crate) plan: Arc<Plan>,
}

impl PlanId {
    /// What it consists of.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

pub(crate) use fingerprint::{of as fingerprint_of, seal};
