//! Several tests at once: the step-down procedure of Holm (1979).

/// Which of the hypotheses are rejected, in the order of their p-values, so that the probability of rejecting any true one
/// is at most `alpha`, however the tests depend on each other.
pub fn rejected(p_values: &[f64], alpha: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut rejected = vec![false; p_values.len()];
    for (rank, at) in order.into_iter().enumerate() {
        // A p-value that is no number compares as false: nothing is rejected on it.
        if p_values[at] <= level(alpha, p_values.len(), rank) {
            rejected[at] = true;
        } else {
            break;
        }
    }
    rejected
}

/// The level of the p-value with this rank, from 0, among `tests`.
pub fn level(alpha: f64, tests: usize, rank: usize) -> f64 {
    alpha / (tests.saturating_sub(rank).max(1) as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_stops_at_the_first_that_holds() {
        // Holm's own scheme: .01/4, .01/3, .01/2, .01.
        assert_eq!(rejected(&[0.02, 0.001, 0.003, 0.004], 0.01), [false, true, true, true]);
        assert_eq!(rejected(&[0.02, 0.003, 0.003, 0.004], 0.01), [false; 4]);
        assert_eq!(rejected(&[f64::NAN], 0.01), [false]);
        assert_eq!(rejected(&[], 0.01), Vec::<bool>::new());
    }

    proptest! {
        /// It rejects everything that Bonferroni rejects, and nothing above `alpha`.
        #[test]
        fn it_is_between_bonferroni_and_no_correction(p in prop::collection::vec(0.0..0.1_f64, 1..30)) {
            for (p_value, rejected) in p.iter().zip(rejected(&p, 0.05)) {
                prop_assert!(rejected || *p_value > 0.05 / p.len() as f64);
                prop_assert!(!rejected || *p_value <= 0.05);
            }
        }
    }
}
