//! Rails for each kernel of a runtime.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Governor, Rails};
use crate::kernel::Kernel;
use crate::observe::{Observation, Observer};

/// A governor for each kernel that is named, so that one kernel's latency is never another's baseline, and a rollback of
/// one leaves the others native.
///
/// ```
/// use std::sync::Arc;
/// use gate_runtime::Runtime;
/// use gate_runtime::rails::{KernelRails, Rails};
///
/// let rails = Arc::new(KernelRails::new(Rails::default(), &["axpy_f32", "softmax_f32"]));
/// let runtime = Runtime::builder().observer(rails.clone()).build()?;
/// // let axpy = rails.guard(&runtime.register(AXPY_F32)?);
/// # let _ = runtime;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct KernelRails {
    governors: BTreeMap<Box<str>, Arc<Governor>>,
}

impl KernelRails {
    /// Rails with these settings for each of these kernels.
    #[must_use]
    pub fn new(rails: Rails, kernels: &[&str]) -> KernelRails {
        let governor = |name: &&str| (Box::from(*name), Arc::new(Governor::new(rails, Arc::default())));
        KernelRails {
            governors: kernels.iter().map(governor).collect(),
        }
    }

    /// The rails of a kernel; `None` for one that was not named.
    #[must_use]
    pub fn governor(&self, kernel: &str) -> Option<&Arc<Governor>> {
        self.governors.get(kernel)
    }

    /// The kernel, obeying its rails. One that was not named stays as it is.
    #[must_use]
    pub fn guard(&self, kernel: &Kernel) -> Kernel {
        match self.governor(kernel.name()) {
            Some(governor) => kernel.with_control(Arc::clone(governor.control())),
            None => kernel.clone(),
        }
    }
}

impl Observer for KernelRails {
    fn observed(&self, observation: &Observation<'_>) {
        if let Some(governor) = self.governor(observation.kernel) {
            governor.count(observation.dispatch);
        }
    }
}
