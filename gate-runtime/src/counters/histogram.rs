//! Latencies in buckets whose width grows with the value.

use std::sync::atomic::{AtomicU64, Ordering};

use super::bump::bump;

/// Buckets of each power of two: a quantile is at most 1/16 above the true value.
const PER_OCTAVE: usize = 16;

/// Powers of two above the first 16 nanoseconds; the last bucket holds everything from 2⁴¹ ns, half an hour, on.
const OCTAVES: usize = 37;

const BUCKETS: usize = PER_OCTAVE * (OCTAVES + 1);

/// Counts of latencies in nanoseconds. Written by one thread, read by any.
#[derive(Debug)]
pub(crate) struct Histogram([AtomicU64; BUCKETS]);

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram([const { AtomicU64::new(0) }; BUCKETS])
    }
}

#[inline]
fn bucket(nanoseconds: u64) -> usize {
    if nanoseconds < PER_OCTAVE as u64 {
        return nanoseconds as usize;
    }
    let octave = nanoseconds.ilog2() as usize - 3;
    let within = (nanoseconds >> (octave - 1)) as usize & (PER_OCTAVE - 1);
    (octave * PER_OCTAVE + within).min(BUCKETS - 1)
}

/// The largest latency that the bucket holds.
fn upper(bucket: usize) -> u64 {
    let (octave, within) = (bucket / PER_OCTAVE, (bucket % PER_OCTAVE) as u64);
    if octave == 0 {
        return within;
    }
    ((within + PER_OCTAVE as u64 + 1) << (octave - 1)) - 1
}

impl Histogram {
    #[inline]
    pub(crate) fn count(&self, nanoseconds: u64) {
        bump(&self.0[bucket(nanoseconds)], 1);
    }

    pub(crate) fn add(&self, other: &Histogram) {
        for (sum, count) in self.0.iter().zip(&other.0) {
            bump(sum, count.load(Ordering::Relaxed));
        }
    }

    pub(crate) fn samples(&self) -> u64 {
        self.0.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// The smallest latency that at least `permille` thousandths of the samples do not exceed (nearest rank), rounded up to
    /// the end of its bucket; `None` without samples.
    pub(crate) fn quantile(&self, permille: u64) -> Option<u64> {
        let samples = self.samples();
        if samples == 0 {
            return None;
        }
        let rank = (u128::from(samples) * u128::from(permille)).div_ceil(1000).max(1);
        let mut seen = 0_u128;
        for (bucket, count) in self.0.iter().enumerate() {
            seen += u128::from(count.load(Ordering::Relaxed));
            if seen >= rank {
                return Some(upper(bucket));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use proptest::{prop_assert, prop_assert_eq};

    use super::*;

    #[test]
    fn buckets_follow_each_other_without_gaps() {
        for index in 0..BUCKETS - 1 {
            assert_eq!(bucket(upper(index)), index);
            assert_eq!(bucket(upper(index) + 1), index + 1);
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    proptest! {
        #[test]
        fn quantiles_are_nearest_ranks_within_a_sixteenth(mut values in proptest::collection::vec(0_u64..1 << 40, 1..200), permille in 0_u64..=1000) {
            let histogram = Histogram::default();
            for value in &values {
                histogram.count(*value);
            }
            values.sort_unstable();
            let rank = (values.len() as u64 * permille).div_ceil(1000).max(1) as usize;
            let exact = values[rank - 1];
            let found = histogram.quantile(permille).expect("there are samples");
            prop_assert!(found >= exact && found - exact <= exact / 16, "{found} for {exact}");
            prop_assert_eq!(histogram.samples(), values.len() as u64);
        }
    }
}
