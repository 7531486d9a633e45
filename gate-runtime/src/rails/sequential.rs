//! Whether windows have become slower than the baseline: a sequential test.
//!
//! The test is a one-sided CUSUM: E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954), 100–115. Each window adds
//! how far it is beyond the baseline, in units of the spread between healthy windows and less an allowance, to a sum that is
//! never negative; the rail acts when the sum reaches the [decision interval](INTERVAL). One window adds at most an equal share of the interval, so that a single outlier never acts
//! alone: J. M. Lucas and R. B. Crosier, "Robust CUSUM", Communications in Statistics 11 (1982), 2669–2687. A kernel that
//! returns after it was rolled back for its time begins with half the interval, the head start of the same authors: "Fast initial
//! response for CUSUM quality control schemes", Technometrics 24 (1982), 199–205.
//!
//! Only additions, multiplications, divisions and square roots take part, which IEEE 754 rounds the same on every machine.
//! `tests/rails_false_alarms.rs` simulates the rates that the guide states.

/// Where the sum acts, in standard deviations between healthy windows.
const INTERVAL: f64 = 5.5;

/// Smallest allowance, in standard deviations between healthy windows.
const ALLOWANCE: f64 = 1.0;

/// Smallest spread that is assumed: what a clock and a scheduler add to the quietest kernel.
const LEAST_SPREAD: f64 = 0.01;

/// Standard deviation of a normal distribution of which an eighth was cut off at each end, in units of the whole one's.
const MIDDLE: f64 = 0.607;

/// A relative change, symmetric in both numbers: the first term of the series of the logarithm of the ratio.
fn change(ratio: f64) -> f64 {
    2.0 * (ratio - 1.0) / (ratio + 1.0)
}

/// What one window adds to the sum, in units in which `consecutive` is the decision interval: at most 1, and below 0 for a
/// window within the allowance. `ratio` is the observed value over the baseline's, `limit` the ratio that is allowed.
pub(super) fn excess(ratio: f64, limit: f64, spread: f64, consecutive: u32) -> f64 {
    let spread = if spread.is_finite() {
        spread.max(LEAST_SPREAD)
    } else {
        LEAST_SPREAD
    };
    let allowance = (change(limit) / spread).max(ALLOWANCE);
    let beyond = change(ratio) / spread - allowance;
    (beyond * f64::from(consecutive) / INTERVAL).min(1.0)
}

/// Centre and spread of values that are above 0; the spread is relative to the centre. Their eighths at both ends do not take
/// part: the first windows of a process are often not like the rest.
pub(super) fn centre(mut values: Vec<f64>) -> Option<(f64, f64)> {
    values.sort_by(f64::total_cmp);
    let cut = values.len() / 8;
    let middle = values.get(cut..values.len().checked_sub(cut)?)?;
    let median = *middle.get(middle.len() / 2)?;
    let count = middle.len() as f64;
    let mean = middle.iter().map(|value| change(value / median)).sum::<f64>() / count;
    let square = |value: &f64| (change(value / median) - mean) * (change(value / median) - mean);
    let variance = middle.iter().map(square).sum::<f64>() / (count - 1.0).max(1.0);
    let whole = if cut == 0 { 1.0 } else { MIDDLE };
    // The inverse of `change`.
    Some((median * (2.0 + mean) / (2.0 - mean), variance.sqrt() / whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_itself_adds_nothing_and_an_outlier_adds_a_share() {
        assert_eq!(excess(1.08, 1.08, 0.0, 2), 0.0);
        assert!(excess(1.0, 1.08, 0.0, 2) < 0.0);
        assert_eq!(excess(1e9, 1.08, 0.0, 2), 1.0);
        assert_eq!(excess(f64::MAX, 1.08, 0.3, 5), 1.0);
        // Within one standard deviation nothing adds up, however wide that is.
        assert!(excess(1.2, 1.08, 0.5, 2) < 0.0);
    }

    #[test]
    fn the_centre_is_not_moved_by_outliers() {
        let mut values: Vec<f64> = (0..48).map(|n| 100.0 + f64::from(n % 5)).collect();
        let (centre_before, spread_before) = centre(values.clone()).expect("there are values");
        assert!((centre_before - 102.0).abs() < 0.2, "{centre_before}");
        for place in [0, 1, 2] {
            values[place] = 1e6;
        }
        let (centre_after, spread_after) = centre(values).expect("there are values");
        assert!((centre_after / centre_before - 1.0).abs() < 0.005, "{centre_after}");
        assert!((spread_after / spread_before - 1.0).abs() < 0.3, "{spread_after}");
        assert_eq!(centre(Vec::new()), None);
    }
}
