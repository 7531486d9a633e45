//! What clean repeats prove.

use gate_base::stats::binomial::upper_bound;

/// The largest probability of a failure that `repeats` drills without one leave possible at `confidence`: the exact bound of
/// Clopper and Pearson, which is about 3 / n at 95 % (the rule of three). 1 where nothing was repeated.
pub fn failure_bound(repeats: u32, confidence: f64) -> f64 {
    upper_bound(0.0, f64::from(repeats), confidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_that_of_no_failure_in_n() {
        assert!((failure_bound(0, 0.95) - 1.0).abs() < 1e-12);
        for repeats in [1, 3, 30, 300] {
            let exact = 1.0 - 0.05_f64.powf(1.0 / f64::from(repeats));
            assert!((failure_bound(repeats, 0.95) - exact).abs() < 1e-9, "{repeats}");
        }
        assert!(failure_bound(300, 0.95) < 3.0 / 300.0);
    }
}
