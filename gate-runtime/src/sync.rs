//! Atomics, locks and threads of the parts that several threads share: those of the standard library, or loom's, where the
//! models of these parts are explored.

use std::sync::PoisonError;

#[cfg(not(loom))]
pub(crate) use std::{
    sync::{Condvar, Mutex, MutexGuard, RwLock, atomic},
    thread,
};

#[cfg(loom)]
pub(crate) use loom::{
    sync::{Condvar, Mutex, MutexGuard, RwLock, atomic},
    thread,
};

/// A lock whose holder panicked is taken over: what is behind it is changed in single steps only.
pub(crate) fn unpoisoned<T>(result: Result<T, PoisonError<T>>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}
