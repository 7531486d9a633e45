//! Replacing a module while it serves. A replacement that cannot be loaded changes nothing.
//!
//! ```
//! use gate_runtime::reload::Slot;
//! use gate_runtime::{Reason, Status};
//!
//! let slot = Slot::new("version 1".to_owned());
//! let in_flight = slot.current();
//! assert_eq!(slot.reload(|_| Ok::<_, String>("version 2".to_owned())).unwrap(), 2);
//! assert_eq!(**in_flight, "version 1"); // a call that has begun ends with what it began with
//!
//! let kept = slot.reload(|_| Err::<String, _>("no entry `softmax_f32`")).unwrap_err();
//! assert_eq!((kept.reason(), kept.status()), (Reason::KeptLastKnownGood, Status::CompileFailed));
//! assert_eq!(**slot.current(), "version 2");
//! ```

use core::fmt;
use core::ops::Deref;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};

use crate::contain::discard;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Mutex, RwLock};
use crate::{Reason, Status};

/// A module with the number of its generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded<M> {
    module: M,
    generation: u64,
}

impl<M> Loaded<M> {
    /// How many modules the slot has had up to this one, from 1. It never comes back: what is reverted to has a new
    /// number.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }
}

impl<M> Deref for Loaded<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.module
    }
}

/// A place for a module that is replaced as a whole. Tenants that must not feel each other's reloads have a slot each.
#[derive(Debug)]
pub struct Slot<M> {
    current: RwLock<Arc<Loaded<M>>>,
    /// Held while a module is loaded, so that reloads come one after the other.
    loading: Mutex<()>,
    kept: AtomicU64,
}

impl<M> Slot<M> {
    /// A slot that serves this module.
    #[must_use]
    pub fn new(module: M) -> Slot<M> {
        let loaded = Arc::new(Loaded { module, generation: 1 });
        Slot {
            current: RwLock::new(loaded),
            loading: Mutex::new(()),
            kept: AtomicU64::new(0),
        }
    }

    /// The module that serves now. Who holds it keeps it through a reload.
    #[must_use]
    pub fn current(&self) -> Arc<Loaded<M>> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How often a reload failed and the module before it was kept.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.kept.load(Ordering::Relaxed)
    }

    /// Loads a replacement, with the present module at hand, and serves it. Meanwhile the present one serves. Returns
    /// the number of the new generation.
    ///
    /// # Errors
    ///
    /// `load` refused or panicked; the present module keeps serving.
    pub fn reload<E>(&self, load: impl FnOnce(&M) -> Result<M, E>) -> Result<u64, Kept<E>> {
        let _one_at_a_time = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let present = self.current();
        let cause = match catch_unwind(AssertUnwindSafe(|| load(&present))) {
            Ok(Ok(module)) => {
                let generation = present.generation + 1;
                let loaded = Arc::new(Loaded { module, generation });
                let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                let before = std::mem::replace(&mut *current, loaded);
                drop(current);
                // The last holder drops the module, and not while readers wait for the lock.
                drop(before);
                return Ok(generation);
            }
            Ok(Err(error)) => KeptBecause::Refused(error),
            Err(payload) => {
                discard(payload);
                KeptBecause::Panicked
            }
        };
        self.kept.fetch_add(1, Ordering::Relaxed);
        Err(Kept {
            generation: present.generation,
            cause,
        })
    }
}

/// A reload failed; the module before it keeps serving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept<E> {
    /// The generation that keeps serving.
    pub generation: u64,
    /// Why.
    pub cause: KeptBecause<E>,
}

/// Why a reload failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptBecause<E> {
    /// The replacement was refused.
    Refused(E),
    /// Loading it panicked; the panic was contained.
    Panicked,
}

impl<E> Kept<E> {
    /// [`Reason::KeptLastKnownGood`].
    #[must_use]
    pub const fn reason(&self) -> Reason {
        Reason::KeptLastKnownGood
    }

    /// [`Status::CompileFailed`].
    pub const fn status(&self) -> Status {
        Reason::KeptLastKnownGood.status()
    }
}

impl<E: fmt::Display> fmt::Display for Kept<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: generation {} keeps serving, ", self.reason(), self.generation)?;
        match &self.cause {
            KeptBecause::Refused(error) => error.fmt(f),
            KeptBecause::Panicked => f.write_str("loading its replacement panicked"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> Error for Kept<E> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_loaded_changes_nothing() {
        let slot = Slot::new(10);
        let refused = slot.reload(|_| Err("the text is not PTX")).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "kept_last_known_good: generation 1 keeps serving, the text is not PTX"
        );
        let panicked = slot
            .reload(|_| -> Result<u32, &str> { panic!("a loader") })
            .unwrap_err();
        assert_eq!(panicked.cause, KeptBecause::Panicked);
        assert_eq!((**slot.current(), slot.current().generation(), slot.kept()), (10, 1, 2));
        assert_eq!(slot.reload(|present| Ok::<_, &str>(present + 1)).unwrap(), 2);
        assert_eq!((**slot.current(), slot.current().generation()), (11, 2));
    }

    #[test]
    fn reloads_at_once_come_one_after_the_other() {
        let slot = Slot::new(0_u64);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..250 {
                        slot.reload(|present| Ok::<_, &str>(present + 1)).unwrap();
                        let seen = slot.current();
                        assert_eq!(**seen + 1, seen.generation(), "never a module with another's number");
                    }
                });
            }
        });
        assert_eq!((**slot.current(), slot.current().generation()), (1_000, 1_001));
    }

    #[test]
    fn slots_do_not_feel_each_other() {
        let (a, b) = (Slot::new("a"), Slot::new("b"));
        let _ = a.reload(|_| Ok::<_, &str>("a2"));
        let _ = a.reload(|_| Err("bad"));
        assert_eq!((**b.current(), b.current().generation(), b.kept()), ("b", 1, 0));
    }
}
