//! The percentile bootstrap of medians and of their ratio (Efron, *Bootstrap methods: another look at the jackknife*,
//! Annals of Statistics 7, 1979).

use super::order::{median, middle};
use super::random::SplitMix64;

/// Resamples that an interval is taken from.
const RESAMPLES: usize = 2_000;
/// Fewest resamples, however many samples there are.
const FEWEST: usize = 200;
/// Samples that are drawn in all, at most: what many samples cost in resamples, they bring in certainty.
const DRAWN: usize = 20_000_000;
/// Where the generator starts. Any number would do; it is always this one.
const SEED: u64 = 0x6361_7267_6f67_6174;

/// A value with the interval that holds 95 of 100 of its resamples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// 2.5 of 100 resamples are below.
    pub low: f64,
    /// The value of the samples themselves.
    pub value: f64,
    /// 2.5 of 100 resamples are above.
    pub high: f64,
}

/// The median with its interval. `None` without samples, and where one of them is not a number.
pub fn interval_of_median(samples: &[f64]) -> Option<Interval> {
    let value = median(samples)?;
    let mut random = SplitMix64::new(SEED);
    let mut buffer = Vec::with_capacity(samples.len());
    let medians = (0..resamples(samples.len()))
        .filter_map(|_| resample(samples, &mut random, &mut buffer))
        .collect();
    percentiles(medians, value)
}

/// The median of `samples` over that of `reference`, both resampled apart, since they were measured apart. `None`
/// without samples on one side, where one of them is not a number, and where a reference of zero leaves no ratio.
pub fn interval_of_ratio(samples: &[f64], reference: &[f64]) -> Option<Interval> {
    let (above, below) = (median(samples)?, median(reference)?);
    let value = ratio(above, below)?;
    let mut random = SplitMix64::new(SEED);
    let mut buffer = Vec::with_capacity(samples.len().max(reference.len()));
    let ratios: Option<Vec<f64>> = (0..resamples(samples.len().max(reference.len())))
        .map(|_| {
            let above = resample(samples, &mut random, &mut buffer)?;
            let below = resample(reference, &mut random, &mut buffer)?;
            ratio(above, below)
        })
        .collect();
    percentiles(ratios?, value)
}

/// Nothing beside nothing is the same; something beside nothing has no ratio.
fn ratio(above: f64, below: f64) -> Option<f64> {
    if above == 0.0 && below == 0.0 {
        return Some(1.0);
    }
    let ratio = above / below;
    ratio.is_finite().then_some(ratio)
}

fn resamples(samples: usize) -> usize {
    (DRAWN / samples.max(1)).clamp(FEWEST, RESAMPLES)
}

/// The median of as many samples, drawn with replacement.
fn resample(samples: &[f64], random: &mut SplitMix64, buffer: &mut Vec<f64>) -> Option<f64> {
    buffer.clear();
    buffer.extend((0..samples.len()).map(|_| samples[random.below(samples.len())]));
    middle(buffer)
}

fn percentiles(mut resamples: Vec<f64>, value: f64) -> Option<Interval> {
    resamples.sort_by(f64::total_cmp);
    let last = resamples.len().checked_sub(1)?;
    let at = |percent: f64| {
        let place = (last as f64 * percent).round();
        // Between 0 and `last`, which is an index.
        resamples.get(place as usize).copied()
    };
    Some(Interval {
        low: at(0.025)?,
        value,
        high: at(0.975)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Efron's exact distribution: of three samples the bootstrap median is the smallest, the middle and the largest
    /// one with probability 7/27, 13/27 and 7/27.
    #[test]
    fn the_median_of_three_is_distributed_as_efron_says() {
        let mut random = SplitMix64::new(SEED);
        let mut buffer = Vec::new();
        let mut counts = [0_u32; 3];
        let draws = 27_000;
        for _ in 0..draws {
            let median = resample(&[0.0, 1.0, 2.0], &mut random, &mut buffer).unwrap();
            counts[median as usize] += 1;
        }
        for (count, expected) in counts.iter().zip([7_000, 13_000, 7_000]) {
            // Five standard deviations of a binomial count are below 420.
            assert!(count.abs_diff(expected) < 420, "{counts:?}");
        }
    }

    /// The distribution-free interval of the median by order statistics (Conover, *Practical Nonparametric Statistics*):
    /// for 20 samples it is from the 6th to the 15th, at 95.9 of 100. The bootstrap comes as close as one place.
    #[test]
    fn the_interval_is_near_that_of_order_statistics() {
        let samples: Vec<f64> = (1..=20).map(f64::from).collect();
        let interval = interval_of_median(&samples).unwrap();
        assert_eq!(interval.value, 10.5);
        assert!((5.0..=7.5).contains(&interval.low), "{interval:?}");
        assert!((13.5..=16.0).contains(&interval.high), "{interval:?}");
    }

    #[test]
    fn what_differs_for_sure_has_an_interval_apart() {
        let fast: Vec<f64> = (0..30).map(|n| 100.0 + f64::from(n % 7)).collect();
        let slow: Vec<f64> = fast.iter().map(|time| time * 1.3).collect();
        let ratio = interval_of_ratio(&slow, &fast).unwrap();
        assert!(
            (ratio.value - 1.3).abs() < 1e-9 && ratio.low > 1.25 && ratio.high < 1.35,
            "{ratio:?}"
        );
        let same = interval_of_ratio(&fast, &fast).unwrap();
        assert!(same.value == 1.0 && same.low <= 1.0 && same.high >= 1.0, "{same:?}");
    }

    #[test]
    fn what_has_no_ratio_has_none() {
        assert_eq!(interval_of_ratio(&[], &[1.0]), None);
        assert_eq!(interval_of_ratio(&[1.0], &[]), None);
        assert_eq!(interval_of_ratio(&[1.0], &[0.0]), None);
        assert_eq!(interval_of_ratio(&[f64::NAN], &[1.0]), None);
        let nothing = interval_of_ratio(&[0.0], &[0.0]).unwrap();
        assert_eq!((nothing.low, nothing.value, nothing.high), (1.0, 1.0, 1.0));
    }

    proptest! {
        #[test]
        fn the_value_lies_within_and_repeats(
            samples in prop::collection::vec(0.1..1e6_f64, 1..30),
            reference in prop::collection::vec(0.1..1e6_f64, 1..30),
        ) {
            let once = interval_of_ratio(&samples, &reference).unwrap();
            prop_assert_eq!(once, interval_of_ratio(&samples, &reference).unwrap());
            prop_assert!(once.low <= once.high);
            let least = samples.iter().copied().fold(f64::MAX, f64::min) / reference.iter().copied().fold(0.0, f64::max);
            prop_assert!(once.low >= least * (1.0 - 1e-12));
        }
    }
}
