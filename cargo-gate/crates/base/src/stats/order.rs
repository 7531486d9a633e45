//! Order statistics.

/// The median: the middle sample, or the mean of the two in the middle. `None` without samples, and where one of them
/// is not a number.
pub fn median(samples: &[f64]) -> Option<f64> {
    if samples.iter().any(|sample| sample.is_nan()) {
        return None;
    }
    middle(&mut samples.to_vec())
}

/// The median absolute deviation from the median, in the unit of the samples. It is not scaled to the standard deviation
/// of normal samples, which is 1.4826 times as large. `None` as for [`median`].
pub fn median_absolute_deviation(samples: &[f64]) -> Option<f64> {
    let center = median(samples)?;
    let mut deviations: Vec<f64> = samples.iter().map(|sample| (sample - center).abs()).collect();
    middle(&mut deviations)
}

/// The value below which this part of the samples lies, from 0 to 1, on a straight line between the two samples next to it (Hyndman
/// and Fan's definition 7, which is R's). `None` as for [`median`].
pub fn quantile(samples: &[f64], part: f64) -> Option<f64> {
    if samples.iter().any(|sample| sample.is_nan()) {
        return None;
    }
    let mut ordered = samples.to_vec();
    ordered.sort_by(f64::total_cmp);
    let last = ordered.len().checked_sub(1)?;
    let place = part.clamp(0.0, 1.0) * last as f64;
    // At most `last`, which is an index.
    let before = place.floor() as usize;
    let (low, high) = (ordered[before], ordered[(before + 1).min(last)]);
    Some(low + (high - low) * (place - before as f64))
}

/// The median of numbers whose order does not matter any more.
pub(super) fn middle(samples: &mut [f64]) -> Option<f64> {
    let upper = samples.len() / 2;
    if samples.is_empty() {
        return None;
    }
    let even = samples.len().is_multiple_of(2);
    let (below, &mut at, _) = samples.select_nth_unstable_by(upper, f64::total_cmp);
    if !even {
        return Some(at);
    }
    let below = below.iter().copied().max_by(f64::total_cmp)?;
    // Half of each, because the sum of two large numbers may be none.
    Some(below / 2.0 + at / 2.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of the article on the median absolute deviation in Wikipedia, and `mad(1:9)` of R's manual, which is
    /// 2.9652 with the factor 1.4826.
    #[test]
    fn published_examples() {
        let samples = [1.0, 1.0, 2.0, 2.0, 4.0, 6.0, 9.0];
        assert_eq!(median(&samples), Some(2.0));
        assert_eq!(median_absolute_deviation(&samples), Some(1.0));
        let nine: Vec<f64> = (1..=9).map(f64::from).collect();
        let scaled = median_absolute_deviation(&nine).unwrap() * 1.4826;
        assert!((scaled - 2.9652).abs() < 1e-12);
    }

    /// Michelson's first series of 1879 on the velocity of light (R's `morley`, experiment 1): `median` gives 940 and
    /// `mad` 88.956, which is 1.4826 times 60.
    #[test]
    fn michelson_1879() {
        let series = [
            850.0, 740.0, 900.0, 1070.0, 930.0, 850.0, 950.0, 980.0, 980.0, 880.0, 1000.0, 980.0, 930.0, 650.0, 760.0,
            810.0, 1000.0, 1000.0, 960.0, 960.0,
        ];
        assert_eq!(median(&series), Some(940.0));
        assert_eq!(median_absolute_deviation(&series), Some(60.0));
    }

    /// R's `quantile(c(1, 2, 4, 8, 16), c(0, 0.25, 0.3, 0.95, 1))`.
    #[test]
    fn quantiles_as_r_has_them() {
        let samples = [16.0, 1.0, 8.0, 2.0, 4.0];
        let of = |part: f64| quantile(&samples, part).unwrap();
        assert_eq!([of(0.0), of(0.25), of(1.0)], [1.0, 2.0, 16.0]);
        assert!((of(0.3) - 2.4).abs() < 1e-12 && (of(0.95) - 14.4).abs() < 1e-12);
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[3.0], 0.9), Some(3.0));
    }

    #[test]
    fn what_is_no_number_has_no_median() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[1.0, f64::NAN]), None);
        assert_eq!(median_absolute_deviation(&[]), None);
        assert_eq!(median(&[f64::MAX, f64::MAX]), Some(f64::MAX));
    }

    proptest! {
        #[test]
        fn half_of_the_samples_lie_on_each_side(samples in prop::collection::vec(-1e9..1e9_f64, 1..60)) {
            let median = median(&samples).unwrap();
            let below = samples.iter().filter(|sample| **sample < median).count();
            let above = samples.iter().filter(|sample| **sample > median).count();
            prop_assert!(below * 2 <= samples.len() && above * 2 <= samples.len());
            prop_assert!((quantile(&samples, 0.5).unwrap() - median).abs() < 1e-6);
        }
    }
}
