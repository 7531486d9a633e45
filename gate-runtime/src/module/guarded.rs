//! A module in a running process: replaced as a whole, checked before every launch.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::{Body, Diagnostic};
use crate::contract::Contract;
use crate::reason::Reason;

/// How much is digested again before a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Recheck {
    /// Everything, whenever the module's generation is not the one that was verified. Each way to change a module through
    /// this crate raises the generation, and so does [`Module::audit`] where it finds bytes changed by anything else.
    #[default]
    OnChange,
    /// Everything, before each launch. Costs a SHA-256 over the module's stored images every time.
    EachLaunch,
}

/// A verified module. Its bytes are immutable: what changes is which body the module has, and every change raises its
/// generation.
#[derive(Debug)]
pub struct Module {
    body: RwLock<Arc<Body>>,
    /// Raised after each change of `body`.
    generation: AtomicU64,
    /// The generation whose body was last found to be what was verified.
    verified: AtomicU64,
    /// What kernels need of any body.
    requirements: Mutex<Vec<(&'static str, &'static Contract)>>,
}

impl Module {
    pub(crate) fn new(body: Body) -> Module {
        Module {
            body: RwLock::new(Arc::new(body)),
            generation: AtomicU64::new(1),
            verified: AtomicU64::new(1),
            requirements: Mutex::new(Vec::new()),
        }
    }

    /// Name of the unit.
    #[must_use]
    pub fn name(&self) -> String {
        self.body().name.clone()
    }

    /// How often the module was changed, plus one.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The architectures for which there is an image, ascending.
    #[must_use]
    pub fn architectures(&self) -> Vec<u32> {
        self.body().images.iter().map(|image| image.arch).collect()
    }

    pub(crate) fn body(&self) -> Arc<Body> {
        Arc::clone(&self.body.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records that a kernel launches `entry` under `contract`.
    pub(crate) fn require(&self, entry: &'static str, contract: &'static Contract) -> Result<(), Diagnostic> {
        // Held while the body is looked at, so that no replacement slips between check and record.
        let mut requirements = self.requirements.lock().unwrap_or_else(PoisonError::into_inner);
        self.body().requires(entry, contract)?;
        requirements.push((entry, contract));
        Ok(())
    }

    /// Whether a body has every entry that the registered kernels launch.
    pub(crate) fn accepts(&self, body: &Body) -> Result<(), Diagnostic> {
        let requirements = self.requirements.lock().unwrap_or_else(PoisonError::into_inner);
        requirements
            .iter()
            .try_for_each(|(entry, contract)| body.requires(entry, contract))
    }

    /// Replaces the body by a verified one that has every entry the registered kernels launch, and returns the one before. Launches
    /// that run keep what they started with.
    ///
    /// # Errors
    /// What `body` lacks; the module stays what it was.
    pub(crate) fn replace(&self, body: Arc<Body>) -> Result<Arc<Body>, Diagnostic> {
        let requirements = self.requirements.lock().unwrap_or_else(PoisonError::into_inner);
        for (entry, contract) in requirements.iter() {
            body.requires(entry, contract)?;
        }
        Ok(self.install(body, true))
    }

    fn install(&self, body: Arc<Body>, verified: bool) -> Arc<Body> {
        let mut place = self.body.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *place, body);
        let generation = self.generation.fetch_add(1, Ordering::AcqRel) + 1;
        if verified {
            self.verified.store(generation, Ordering::Release);
        }
        before
    }

    /// The guard before a launch.
    #[inline]
    pub(crate) fn guard(&self, recheck: Recheck) -> Result<(), Reason> {
        let generation = self.generation.load(Ordering::Acquire);
        if generation == self.verified.load(Ordering::Acquire) && recheck == Recheck::OnChange {
            return Ok(());
        }
        self.guard_changed()
    }

    #[cold]
    fn guard_changed(&self) -> Result<(), Reason> {
        // Under the lock the generation belongs to the body.
        let place = self.body.read().unwrap_or_else(PoisonError::into_inner);
        let generation = self.generation.load(Ordering::Acquire);
        match place.recheck() {
            Ok(()) => {
                self.verified.store(generation, Ordering::Release);
                Ok(())
            }
            Err(_) => Err(Reason::FingerprintMismatch),
        }
    }

    /// Digests everything again, for a thread that has time. Where something differs, every launch from now on ends in
    /// `fingerprint_mismatch`, until the module is replaced.
    ///
    /// # Errors
    /// What differs.
    pub fn audit(&self) -> Result<(), Diagnostic> {
        let result = self.body().recheck();
        if result.is_err() {
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
        result
    }

    /// Fault injection: flips one bit of every image, as a change through this crate would.
    pub fn corrupt(&self, byte: usize) {
        self.install(Arc::new(self.body().corrupted(byte)), false);
    }

    /// Fault injection: flips one bit of every image without raising the generation, as a stray write would. Only
    /// [`Recheck::EachLaunch`] and [`Module::audit`] can find it.
    pub fn corrupt_silently(&self, byte: usize) {
        let corrupted = Arc::new(self.body().corrupted(byte));
        *self.body.write().unwrap_or_else(PoisonError::into_inner) = corrupted;
    }
}
