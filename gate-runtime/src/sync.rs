//! Atomics, locks and threads of the parts that several threads share: those of the standard library, or loom's, where the
//! models of these parts are explored.

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
