//! Kernel locks and what they lock.

use std::io;

use crate::{Context, Declares, Inputs};
use gate_gpu::kernels::rebuild::{self, NoRecord, Rebuild};
use gate_gpu::kernels::{self, LockedCrate};
use gate_policy::Policy;
use gate_world::git::Git;

use super::Cargo;
use crate::declared::{Input, InputState, files, known};

/// Every `kernels.lock`, the PTX files that they name, and the sources these were compiled from.
pub struct KernelLocks;

impl Input for KernelLocks {
    const NAME: &'static str = "kernel locks";

    fn state(inputs: &Inputs<'_>) -> InputState {
        match kernels::named_files(inputs.workspace) {
            Some(paths) => files(inputs, |file| paths.contains(&file.path)),
            None => InputState::Volatile,
        }
    }

    fn covers(path: &str, _: &Policy) -> bool {
        // A lock names files wherever in its crate they lie.
        !["Cargo.lock", "Cargo.toml", "gate.toml"].contains(&path) && !path.ends_with(".md")
    }
}

impl<'a, R: Declares<KernelLocks>> Context<'a, R> {
    /// The bytes of a file that a kernel lock names.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn kernel_file(&self, path: &str) -> io::Result<Vec<u8>> {
        self.inputs.workspace.read(path)
    }

    /// Version control, for earlier versions of kernel locks.
    pub fn kernel_lock_history(&self) -> Option<&'a Git> {
        self.inputs.workspace.git()
    }
}

impl<R: Declares<KernelLocks> + Declares<Cargo>> Context<'_, R> {
    /// Every kernel lock with what is wrong with it, sorted by directory; cargo says which directories are those of members.
    pub fn kernel_locks(&self) -> Vec<LockedCrate> {
        kernels::locked_crates(self.inputs.workspace)
    }
}

/// The record of compiling the locked kernels again.
pub struct KernelRebuild;

impl Input for KernelRebuild {
    const NAME: &'static str = "rebuild of the locked kernels";

    fn state(inputs: &Inputs<'_>) -> InputState {
        let record = rebuild::bytes(inputs.workspace);
        known::<Self>(|digest| {
            digest.part(record.as_deref().unwrap_or(b"none"));
        })
    }
}

impl<R: Declares<KernelRebuild> + Declares<KernelLocks>> Context<'_, R> {
    /// The record of compiling the locked kernels again.
    ///
    /// # Errors
    /// Why there is none to judge by.
    pub fn kernel_rebuild(&self) -> Result<Rebuild, NoRecord> {
        Rebuild::read(self.inputs.workspace)
    }
}
