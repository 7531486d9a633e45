//! Windows: what the calls of a kernel had in common over a number of them.
//!
//! A [`Recorder`] closes a window by the number of calls in it, so the same calls make the same windows. Rails close one early
//! where calls are rare: see `window_ms` in [`FIELDS`](crate::rails::FIELDS). The p95 of a window is one: the 95th percentile
//! by nearest rank over all its native latencies, together with their number, so that the reader can tell whether it means
//! anything.

mod recorded;
mod recorder;

pub use recorded::{Recorded, RecordedError, read_jsonl};
pub use recorder::{Outcome, Pressure, Recorder, Sample};

/// The counts of one window. It is all that rails look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// Calls, on whichever backend.
    pub calls: u64,
    /// Calls that the native backend was asked to compute.
    pub native: u64,
    /// Native calls that failed.
    pub errors: u64,
    /// Native outputs that were compared with the reference.
    pub checked: u64,
    /// Native outputs that were not what the reference computed.
    pub mismatches: u64,
    /// Calls that met memory pressure: an allocation had to wait, to evict, or to be repeated.
    pub pressured: u64,
    /// Allocations that were refused.
    pub pressure_events: u64,
    /// Native latencies the p95 rests on.
    pub samples: u64,
    /// 95th percentile of native latencies by nearest rank, in nanoseconds; 0 without samples.
    pub p95_ns: u64,
    /// Work done by native calls in a unit of the kernel's choice, for example bytes or elements.
    pub work: u64,
    /// Time that native calls were busy, summed over threads, in nanoseconds.
    pub busy_ns: u64,
}

impl Window {
    /// Share of calls that met memory pressure, from 0 to 1; 0 without calls.
    #[must_use]
    pub fn pressure(&self) -> f64 {
        if self.calls == 0 {
            0.0
        } else {
            self.pressured as f64 / self.calls as f64
        }
    }

    /// Work per busy nanosecond. Time in which nobody asked for anything does not count, so that an idle service has
    /// the throughput of a busy one. Without busy time there is none.
    #[must_use]
    pub fn throughput(&self) -> Option<f64> {
        (self.busy_ns > 0).then(|| self.work as f64 / self.busy_ns as f64)
    }
}

/// The 95th percentile by nearest rank: the smallest value that at least 95 % of the values do not exceed. The order
/// of the values changes. Without values there is none.
#[must_use]
pub fn p95(latencies: &mut [u64]) -> Option<u64> {
    let rank = (latencies.len() * 95).div_ceil(100).checked_sub(1)?;
    Some(*latencies.select_nth_unstable(rank).1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn p95_is_the_nearest_rank() {
        assert_eq!(p95(&mut []), None);
        assert_eq!(p95(&mut [7]), Some(7));
        let mut hundred: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(p95(&mut hundred), Some(95));
        let mut twenty: Vec<u64> = (1..=20).collect();
        assert_eq!(p95(&mut twenty), Some(19));
        let mut outlier = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1_000_000];
        assert_eq!(p95(&mut outlier), Some(1), "one slow call in twenty is not the p95");
    }

    #[test]
    fn an_empty_window_has_neither_pressure_nor_throughput() {
        assert_eq!(Window::default().pressure(), 0.0);
        assert_eq!(Window::default().throughput(), None);
    }

    proptest! {
        #[test]
        fn at_least_95_of_100_values_do_not_exceed_the_p95(mut values in prop::collection::vec(0_u64..1000, 1..300)) {
            let found = p95(&mut values).unwrap();
            let below = values.iter().filter(|value| **value < found).count();
            let up_to = values.iter().filter(|value| **value <= found).count();
            prop_assert!(up_to * 100 >= values.len() * 95);
            prop_assert!(below * 100 < values.len() * 95);
        }
    }
}
