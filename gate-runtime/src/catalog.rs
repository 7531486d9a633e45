//! What is registered: kernels, modules and plans, shared with the writer of the decision log.

pub(crate) mod fingerprint;
mod registered;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, RwLock};

use crate::module::{Body, Diagnostic, Module, ModuleImage};
use crate::plan::{Plan, PlanId};
use crate::sync::unpoisoned;

pub(crate) use registered::{Native, Registered};

/// A kernel with the plan of itself alone.
#[derive(Clone)]
pub(crate) struct Listed {
    pub(crate) kernel: Arc<Registered>,
    pub(crate) plan: u32,
}

/// Everything that is registered. Nothing is ever taken out, so numbers stay valid.
#[derive(Default)]
pub(crate) struct Catalog {
    kernels: RwLock<Kernels>,
    plans: RwLock<Vec<Arc<Plan>>>,
    /// By the address of the image, which is a constant of the program.
    modules: Mutex<BTreeMap<usize, Arc<Module>>>,
}

#[derive(Default)]
struct Kernels {
    by_name: BTreeMap<&'static str, Listed>,
    by_number: Vec<Arc<Registered>>,
}

impl Catalog {
    pub(crate) fn find(&self, name: &str) -> Option<Listed> {
        unpoisoned(self.kernels.read()).by_name.get(name).cloned()
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        unpoisoned(self.kernels.read()).by_name.keys().copied().collect()
    }

    /// Every kernel, ascending by name.
    pub(crate) fn all(&self) -> Vec<Arc<Registered>> {
        let kernels = unpoisoned(self.kernels.read());
        kernels
            .by_name
            .values()
            .map(|listed| Arc::clone(&listed.kernel))
            .collect()
    }

    pub(crate) fn kernel(&self, number: u32) -> Option<Arc<Registered>> {
        unpoisoned(self.kernels.read()).by_number.get(number as usize).cloned()
    }

    pub(crate) fn plan(&self, number: u32) -> Option<Arc<Plan>> {
        unpoisoned(self.plans.read()).get(number as usize).cloned()
    }

    /// Adds a kernel that `make` makes for its number; `None` where the name is taken.
    pub(crate) fn add_kernel(&self, name: &'static str, make: impl FnOnce(u32) -> Registered) -> Option<Listed> {
        let mut kernels = unpoisoned(self.kernels.write());
        if kernels.by_name.contains_key(name) {
            return None;
        }
        let registered = Arc::new(make(kernels.by_number.len() as u32));
        let plan = Plan::new(name, std::iter::once((name, registered.broken())));
        let listed = Listed {
            plan: self.add_plan(plan).number,
            kernel: Arc::clone(&registered),
        };
        kernels.by_number.push(registered);
        kernels.by_name.insert(name, listed.clone());
        Some(listed)
    }

    pub(crate) fn add_plan(&self, plan: Plan) -> PlanId {
        let plan = Arc::new(plan);
        let mut plans = unpoisoned(self.plans.write());
        plans.push(Arc::clone(&plan));
        PlanId {
            number: plans.len() as u32 - 1,
            plan,
        }
    }

    /// The module of an image, verified the first time.
    pub(crate) fn module(&self, image: &'static ModuleImage) -> Result<Arc<Module>, Diagnostic> {
        let address = std::ptr::from_ref(image).addr();
        let mut modules = unpoisoned(self.modules.lock());
        if let Some(module) = modules.get(&address) {
            return Ok(Arc::clone(module));
        }
        let module = Arc::new(Module::new(Body::of_image(image)?));
        modules.insert(address, Arc::clone(&module));
        Ok(module)
    }

    /// Every module, ascending by name.
    pub(crate) fn modules(&self) -> Vec<Arc<Module>> {
        let modules = unpoisoned(self.modules.lock());
        let mut modules: Vec<_> = modules.values().cloned().collect();
        modules.sort_by_cached_key(|module| module.name());
        modules
    }
}
