//! Counters of one thread.

use std::sync::atomic::{AtomicU64, Ordering};

/// Adds to a counter that only one thread writes: a load and a store, no locked instruction.
#[inline]
pub(crate) fn bump(counter: &AtomicU64, by: u64) -> u64 {
    let before = counter.load(Ordering::Relaxed);
    counter.store(before.wrapping_add(by), Ordering::Relaxed);
    before
}
