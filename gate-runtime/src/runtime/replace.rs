//! Replacing a module: compiled and checked on the device before it serves.

use std::sync::Arc;

use super::Runtime;
use crate::argument::{Arg, Describe, OwnedArg};
use crate::backend::cuda::{Call, Cuda, choose};
use crate::catalog::{Native, Registered};
use crate::compare::judge;
use crate::contain::contained;
use crate::dispatch::Trace;
use crate::module::{Body, Module, ModuleSource, VerifiedImage};
use crate::reason::{Causes, Reason};
use crate::sync::unpoisoned;

impl Runtime {
    /// Verifies, compiles and checks a replacement, then swaps it in and unloads the one before; or says why not, and nothing has
    /// changed.
    pub(super) fn replace(&self, module: &Arc<Module>, source: ModuleSource) -> Result<(), String> {
        let body = Arc::new(Body::of_source(source).map_err(|diagnostic| diagnostic.to_string())?);
        let _one_at_a_time = unpoisoned(self.shared.reloading.lock());
        let kernels = self.shared.catalog.all();
        let users: Vec<(&Registered, &Native)> = kernels
            .iter()
            .filter_map(|kernel| Some((kernel.as_ref(), kernel.native.as_ref().ok()?)))
            .filter(|(_, native)| Arc::ptr_eq(&native.module, module))
            .collect();
        // Without an entry that a kernel launches, the driver need not be asked.
        module.accepts(&body).map_err(|diagnostic| diagnostic.to_string())?;
        let Some((_, Native { cuda, .. })) = users.first() else {
            return self.swap(module, body, None);
        };
        if cuda.is_lost() {
            return Err("the device is lost: open it again first".to_owned());
        }
        let image = choose(&body.images, cuda.device()).map_err(|causes| causes.to_string())?;
        let serving = module.body();
        let serves = choose(&serving.images, cuda.device()).is_ok_and(|serving| serving.sha256 == image.sha256);
        for (kernel, native) in &users {
            let name = kernel.spec.contract.name();
            let bind = (kernel.spec.contract, kernel.spec.cpu);
            let loaded = contained(|| cuda.load(image, native.variant.entry, bind, self.shared.compile_delay()));
            let checked = match loaded {
                None => {
                    // The driver may be in any state now.
                    cuda.lose(u32::MAX);
                    Err((Causes::of(Reason::NativePanicked), None))
                }
                Some(Err(causes)) => Err((causes, None)),
                Some(Ok(_)) => self_check(cuda, kernel, native, image),
            };
            if let Err((causes, found)) = checked {
                if !serves {
                    let remembered = (causes.first() == Reason::OutputMismatch).then_some(causes);
                    cuda.discard(image, remembered);
                }
                let found = found.map(|found| format!(": {found}")).unwrap_or_default();
                return Err(format!("`{name}`: {causes}{found}"));
            }
        }
        drop(serving);
        self.swap(module, Arc::clone(&body), Some((cuda, image)))
    }

    fn swap(&self, module: &Module, body: Arc<Body>, loaded: Option<(&Cuda, &VerifiedImage)>) -> Result<(), String> {
        let before = module.replace(body).map_err(|diagnostic| diagnostic.to_string())?;
        if let Some((cuda, image)) = loaded {
            let weak = Arc::downgrade(&before);
            let old = choose(&before.images, cuda.device()).ok().cloned();
            drop(before);
            if let Some(old) = old {
                cuda.retire(&weak, &old, image);
            }
        }
        Ok(())
    }
}

/// Why a self-check failed, and what it found.
type Failed = (Causes, Option<String>);

/// Runs the declared self-check of a kernel with an image that does not serve yet.
fn self_check(cuda: &Cuda, kernel: &Registered, native: &Native, image: &VerifiedImage) -> Result<(), Failed> {
    let (contract, cpu) = (kernel.spec.contract, kernel.spec.cpu);
    let Some(arguments) = contract.declared_self_check() else {
        return Ok(());
    };
    let unfit = |reason: Reason| (Causes::of(reason), Some("the arguments of the self-check".to_owned()));
    let mut given = contained(arguments).ok_or_else(|| unfit(Reason::KernelPanicked))?;
    let mut args: Vec<Arg<'_>> = given.iter_mut().map(OwnedArg::as_arg).collect();
    contract.check(&args).map_err(unfit)?;
    if args.iter().any(|arg| arg.describe().bytes == 0) {
        return Err(unfit(Reason::EmptyLaunch));
    }
    let geometry = contained(|| (native.variant.geometry)(&args)).ok_or_else(|| unfit(Reason::LaunchLimitExceeded))?;
    contract.launch_limits().check(&geometry).map_err(unfit)?;
    let call = Call {
        contract,
        cpu,
        image,
        entry: native.variant.entry,
        geometry,
        delay: std::time::Duration::ZERO,
    };
    let mut before: Vec<OwnedArg> = args.iter().map(|arg| OwnedArg::for_reference(arg, None)).collect();
    cuda.run(&call, &mut args, &mut Trace::default())
        .map_err(|causes| (causes, Some("the self-check".to_owned())))?;
    let written = |arg: &Arg<'_>| arg.describe().role.is_written().then(|| OwnedArg::copy_of(arg, None));
    let after: Vec<Option<OwnedArg>> = args.iter().map(written).collect();
    match judge(contract, cpu, &mut before, &after) {
        None => Ok(()),
        Some(finding) => Err((Causes::of(Reason::OutputMismatch), Some(finding.why.to_string()))),
    }
}
