//! Registration: a kernel is verified whole or not there at all.

use std::cmp::Reverse;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::Runtime;
use crate::backend::cuda::choose;
use crate::catalog::{Native, Registered, fingerprint};
use crate::journal::Shards;
use crate::kernel::Kernel;
use crate::module::{Diagnostic, Module};
use crate::plan::{Candidate, select};
use crate::reason::{Causes, Reason};
use crate::shared::Shared;
use crate::spec::{KernelSpec, Variant};

impl Runtime {
    /// Registers a kernel: its contract is checked for consistency; the modules of its variants are verified against their
    /// digests, their manifests, their declared PTX version and architecture, and their entries against the contract.
    ///
    /// # Errors
    /// What is wrong, with the status that a C interface returns: `VERIFY_FAILED`, or `INVALID_ARGUMENT` for a name that is
    /// taken.
    pub fn register(&self, spec: KernelSpec) -> Result<Kernel, Diagnostic> {
        let name = spec.contract.name();
        spec.contract
            .validate()
            .map_err(|what| Diagnostic::new(Reason::ContractInvalid, format!("`{name}`: {what}")))?;
        let mut modules = Vec::with_capacity(spec.variants.len());
        for variant in spec.variants {
            let module = self.shared.catalog.module(variant.module)?;
            module.require(variant.entry, spec.contract)?;
            modules.push(module);
        }
        let (candidates, native) = choose_variant(&self.shared, &spec, &modules);
        let listed = self.shared.catalog.add_kernel(name, |number| Registered {
            fingerprint: AtomicU64::new(fingerprint::of(&spec, &modules)),
            // No module starts at this generation: the first launch takes the fingerprint again.
            fingerprint_at: AtomicU64::new(0),
            seal: fingerprint::seal(&spec),
            shards: Shards::new(),
            spec,
            number,
            modules,
            candidates,
            native,
        });
        let taken = || Diagnostic::new(Reason::DuplicateKernel, format!("`{name}` is already registered"));
        let listed = listed.ok_or_else(taken)?;
        let control = Arc::clone(&self.shared.control);
        Ok(Kernel::new(
            Arc::clone(&self.shared),
            listed.kernel,
            control,
            listed.plan,
        ))
    }
}

/// The candidates in the order of preference, and the one that runs.
fn choose_variant(
    shared: &Shared,
    spec: &KernelSpec,
    modules: &[Arc<Module>],
) -> (Vec<Candidate>, Result<Native, Causes>) {
    let mut variants: Vec<(&Variant, &Arc<Module>)> = spec.variants.iter().zip(modules).collect();
    variants.sort_by_key(|(variant, _)| (Reverse(variant.score), variant.entry));
    let candidates: Vec<Candidate> = variants
        .iter()
        .map(|(variant, module)| Candidate {
            symbol: variant.entry.to_owned(),
            score: variant.score,
            unusable: unusable(shared, module),
        })
        .collect();
    let native = match (&shared.native, select(&candidates)) {
        (Ok(cuda), Some(index)) => {
            let (variant, module) = variants[index];
            Ok(Native {
                cuda: Arc::clone(cuda),
                variant: *variant,
                module: Arc::clone(module),
            })
        }
        // What the kernel lacks goes before what the machine lacks: it is the same everywhere.
        _ => Err(match candidates.first() {
            None => Causes::of(Reason::NoNativeVariant),
            Some(candidate) => candidate.unusable.unwrap_or_else(|| Reason::NativeUnavailable.into()),
        }),
    };
    (candidates, native)
}

/// Why this machine cannot run what is in a module.
fn unusable(shared: &Shared, module: &Module) -> Option<Causes> {
    let body = module.body();
    if body.unavailable.is_some() {
        return body.unavailable;
    }
    match &shared.native {
        Err(causes) => Some(*causes),
        Ok(cuda) => choose(&body.images, cuda.device()).err(),
    }
}
