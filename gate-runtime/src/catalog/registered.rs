//! What a runtime keeps of a kernel.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::backend::cuda::Cuda;
use crate::journal::Shards;
use crate::module::Module;
use crate::plan::Candidate;
use crate::reason::{Causes, Reason};
use crate::spec::{KernelSpec, Variant};

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
    /// Over the words that a launch uses; see [`seal`](super::fingerprint::seal).
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
