//! Rails for each kernel of a service or of a tenant.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use super::observed::Counting;
use super::{Governor, Rails};
use crate::kernel::Kernel;
use crate::sync::RwLock;

/// A governor for each kernel, so that one kernel's latency is never another's baseline, one kernel's mismatch never another's
/// breach, and a rollback of one leaves the others native. A tenant has a set of its own.
///
/// ```
/// use gate_runtime::rails::{KernelRails, Rails};
/// # use gate_runtime::{Arg, Contract, DType, Dim, KernelSpec, Param, Runtime, Status};
/// # static FILL: Contract = Contract::new("fill_f32", &[Param::output(DType::F32, &[Dim::Any])]);
/// # fn fill(_: &mut [Arg<'_>]) -> Status { Status::Ok }
/// # const FILL_F32: KernelSpec = KernelSpec { contract: &FILL, cpu: fill, variants: &[] };
///
/// let rails = KernelRails::new(Rails::default());
/// let runtime = Runtime::builder().build()?;
/// let fill = rails.guard(&runtime.register(FILL_F32)?); // counted and, where it has to be, rolled back
/// fill.launch(&mut [Arg::output(&mut [0.0_f32; 4])]).ok()?;
/// assert_eq!(rails.governor("fill_f32").state().rollback_count, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct KernelRails {
    rails: Rails,
    kernels: RwLock<BTreeMap<Box<str>, Arc<Counting>>>,
}

impl KernelRails {
    /// Rails with these settings for each kernel that is guarded.
    #[must_use]
    pub fn new(rails: Rails) -> KernelRails {
        KernelRails {
            rails,
            kernels: RwLock::new(BTreeMap::new()),
        }
    }

    /// The same with other rails for one kernel.
    #[must_use]
    pub fn with(self, kernel: &str, governor: Governor) -> KernelRails {
        let mut kernels = self.kernels.write().unwrap_or_else(PoisonError::into_inner);
        kernels.insert(kernel.into(), Arc::new(Counting(Arc::new(governor))));
        drop(kernels);
        self
    }

    fn counting(&self, kernel: &str) -> Arc<Counting> {
        let known = self.kernels.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(counting) = known.get(kernel) {
            return Arc::clone(counting);
        }
        drop(known);
        let mut kernels = self.kernels.write().unwrap_or_else(PoisonError::into_inner);
        let made = || Arc::new(Counting(Arc::new(Governor::new(self.rails))));
        Arc::clone(kernels.entry(kernel.into()).or_insert_with(made))
    }

    /// The rails of a kernel, made when they are asked for first.
    #[must_use]
    pub fn governor(&self, kernel: &str) -> Arc<Governor> {
        Arc::clone(&self.counting(kernel).0)
    }

    /// Every governor so far, ascending by the name of its kernel.
    #[must_use]
    pub fn governors(&self) -> Vec<(String, Arc<Governor>)> {
        let kernels = self.kernels.read().unwrap_or_else(PoisonError::into_inner);
        kernels
            .iter()
            .map(|(name, counting)| (name.to_string(), Arc::clone(&counting.0)))
            .collect()
    }

    /// The kernel under its rails: they count its calls, and it obeys them.
    #[must_use]
    pub fn guard(&self, kernel: &Kernel) -> Kernel {
        let counting = self.counting(kernel.name());
        kernel
            .with_control(Arc::clone(counting.0.control()))
            .with_observer(counting)
    }
}
