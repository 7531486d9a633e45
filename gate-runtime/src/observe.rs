//! What others may see of every dispatch, and where they may step in.

use std::sync::Arc;
use std::time::Instant;

use crate::argument::{Arg, OwnedArg, SpareBuffers};
use crate::compare::Finding;
use crate::contract::Contract;
use crate::control::{Control, ControlState};
use crate::dispatch::{Backend, Dispatch};
use crate::spec::CpuFn;

/// A finished dispatch.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a> {
    /// Name of the kernel.
    pub kernel: &'a str,
    /// What the kernel promised.
    pub contract: &'a Contract,
    /// How it ended, on which backend, how long it took.
    pub dispatch: &'a Dispatch,
    /// The control state that the dispatch saw.
    pub control: ControlState,
    /// When it ended.
    pub ended: Instant,
}

impl Observation<'_> {
    /// What executed the kernel.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.dispatch.backend
    }
}

/// Is told of every dispatch, on the thread that made it, after the outputs are settled. What it does costs every caller;
/// rails count into their windows here. It must not launch the kernel that it observes. A panic in it is contained.
pub trait Observer: Send + Sync {
    /// A dispatch has ended.
    fn observed(&self, observation: &Observation<'_>);
}

/// A sampled native call, complete enough to be repeated elsewhere: nothing in it is borrowed.
#[derive(Debug)]
pub struct ShadowJob {
    /// The contract, whose tolerance decides.
    pub contract: &'static Contract,
    /// The reference.
    pub cpu: CpuFn,
    /// The switch that the call obeyed: where the comparison is counted.
    pub control: Arc<Control>,
    /// The arguments as they were before the native launch; what is only written is zeroed.
    pub before: Vec<OwnedArg>,
    /// The written arguments as the native launch left them, each in its place; `None` for what is only read.
    pub after: Vec<Option<OwnedArg>>,
}

/// What a shadow found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShadowVerdict {
    /// Native output and reference agree, or will be compared later.
    Accepted,
    /// They differ. The call falls back: the CPU function's output replaces the native one.
    Mismatch,
}

/// Compares some native calls with the reference.
pub trait Shadow: Send + Sync {
    /// Whether the native call that is about to be made should be compared. Sampled calls are copied before and after; all
    /// others cost this question.
    fn samples(&self, contract: &Contract, args: &[Arg<'_>]) -> bool;

    /// A sampled call has ended natively without an error. May compare at once, or hand the job to another thread and
    /// accept it for now. A panic in it counts as a mismatch.
    fn compare(&self, job: ShadowJob) -> ShadowVerdict;

    /// An output of a probe was compared with the reference, by dispatch itself and before the caller got it; `None` where they
    /// agree.
    fn probed(&self, _kernel: &'static str, _finding: Option<&Finding>) {}

    /// Memory of jobs that are done, which the copies of the next one are made in.
    fn spare(&self) -> Option<&SpareBuffers> {
        None
    }

    /// Calls so far whose output was accepted for the time being and found wrong afterwards. Run stats count them.
    fn silent_mismatches(&self) -> u64 {
        0
    }
}
