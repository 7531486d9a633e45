//! What is counted of every call, by one thread for one kernel.

mod bump;
mod histogram;

use std::sync::atomic::{AtomicU64, Ordering};

use crate::dispatch::{Dispatch, Outcome};
use crate::reason::{Reason, ReasonKind};

pub(crate) use bump::bump;
use histogram::Histogram;

/// Numbers of reasons are bytes.
const REASONS: usize = 256;

/// Counters that one thread writes and any thread reads.
#[derive(Debug)]
pub(crate) struct Counters {
    native: AtomicU64,
    fallback: AtomicU64,
    error: AtomicU64,
    /// Calls by the outermost reason's number.
    reasons: [AtomicU64; REASONS],
    latency_sum: AtomicU64,
    latency_max: AtomicU64,
    pub(crate) latency: Histogram,
}

impl Default for Counters {
    fn default() -> Counters {
        Counters {
            native: AtomicU64::new(0),
            fallback: AtomicU64::new(0),
            error: AtomicU64::new(0),
            reasons: [const { AtomicU64::new(0) }; REASONS],
            latency_sum: AtomicU64::new(0),
            latency_max: AtomicU64::new(0),
            latency: Histogram::default(),
        }
    }
}

impl Counters {
    #[inline]
    pub(crate) fn count(&self, dispatch: &Dispatch) {
        let outcome = match dispatch.outcome {
            Outcome::Native => &self.native,
            Outcome::Fallback(_) => &self.fallback,
            Outcome::Error(_) => &self.error,
        };
        bump(outcome, 1);
        bump(&self.reasons[dispatch.outcome.reason() as usize], 1);
        let latency = dispatch.latency_ns;
        bump(&self.latency_sum, latency);
        if latency > self.latency_max.load(Ordering::Relaxed) {
            self.latency_max.store(latency, Ordering::Relaxed);
        }
        self.latency.count(latency);
    }

    pub(crate) fn add(&self, other: &Counters) {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        // A call is counted by its outcome first and then by its reason. Read the other way round, reasons of a call that is
        // just being counted are never more than its outcomes.
        for (sum, count) in self.reasons.iter().zip(&other.reasons) {
            bump(sum, load(count));
        }
        bump(&self.native, load(&other.native));
        bump(&self.fallback, load(&other.fallback));
        bump(&self.error, load(&other.error));
        bump(&self.latency_sum, load(&other.latency_sum));
        let max = load(&self.latency_max).max(load(&other.latency_max));
        self.latency_max.store(max, Ordering::Relaxed);
        self.latency.add(&other.latency);
    }

    pub(crate) fn native(&self) -> u64 {
        self.native.load(Ordering::Relaxed)
    }

    pub(crate) fn fallback(&self) -> u64 {
        self.fallback.load(Ordering::Relaxed)
    }

    pub(crate) fn error(&self) -> u64 {
        self.error.load(Ordering::Relaxed)
    }

    pub(crate) fn calls(&self) -> u64 {
        self.native() + self.fallback() + self.error()
    }

    pub(crate) fn latency_sum(&self) -> u64 {
        self.latency_sum.load(Ordering::Relaxed)
    }

    pub(crate) fn latency_max(&self) -> u64 {
        self.latency_max.load(Ordering::Relaxed)
    }

    /// Calls with this outermost reason.
    pub(crate) fn with_reason(&self, reason: Reason) -> u64 {
        self.reasons[reason as usize].load(Ordering::Relaxed)
    }

    /// Calls whose outermost reason is of this kind.
    pub(crate) fn with_kind(&self, kind: ReasonKind) -> u64 {
        let of_kind = Reason::ALL.iter().filter(|reason| reason.kind() == kind);
        of_kind.map(|reason| self.with_reason(*reason)).sum()
    }

    #[cfg(test)]
    pub(crate) fn test_call(&self) {
        bump(&self.native, 1);
    }
}
