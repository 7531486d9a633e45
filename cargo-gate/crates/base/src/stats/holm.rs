//! Several hypotheses at once (Holm, *A simple sequentially rejective multiple test procedure*, Scandinavian Journal of
//! Statistics 6, 1979): the probability to reject any that is true stays below one level, whatever they have to do with each other.

/// Adjusts probabilities: a hypothesis is rejected at a level where its adjusted probability is not above it. The order is that
/// of the input; what is not a number counts as 1.
pub fn holm(probabilities: &[f64]) -> Vec<f64> {
    let of = |at: usize| {
        if probabilities[at].is_nan() {
            1.0
        } else {
            probabilities[at]
        }
    };
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|one, other| of(*one).total_cmp(&of(*other)));
    let mut adjusted = vec![1.0; probabilities.len()];
    let mut largest = 0.0_f64;
    for (rank, at) in order.iter().enumerate() {
        let left = probabilities.len() - rank;
        largest = largest.max(of(*at) * left as f64).min(1.0);
        adjusted[*at] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// R's `p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm")` and `p.adjust(c(0.04, 0.01, 0.03), "holm")`.
    #[test]
    fn as_r_does_it() {
        let close =
            |left: &[f64], right: &[f64]| left.iter().zip(right).all(|(one, other)| (one - other).abs() < 1e-12);
        assert!(close(
            &holm(&[0.01, 0.02, 0.03, 0.04, 0.05]),
            &[0.05, 0.08, 0.09, 0.09, 0.09]
        ));
        assert!(close(&holm(&[0.04, 0.01, 0.03]), &[0.06, 0.03, 0.06]));
        assert!(close(&holm(&[f64::NAN, 0.01]), &[1.0, 0.02]));
        assert!(holm(&[]).is_empty());
    }

    /// Step by step, as the article says: the smallest against the level over how many are left, until one is not rejected.
    fn step_by_step(probabilities: &[f64], level: f64) -> Vec<bool> {
        let mut rejected = vec![false; probabilities.len()];
        for left in (1..=probabilities.len()).rev() {
            let open = (0..probabilities.len()).filter(|at| !rejected[*at]);
            let Some(smallest) = open.min_by(|one, other| probabilities[*one].total_cmp(&probabilities[*other])) else {
                break;
            };
            if probabilities[smallest] * left as f64 > level {
                break;
            }
            rejected[smallest] = true;
        }
        rejected
    }

    proptest! {
        #[test]
        fn it_rejects_what_the_steps_reject(probabilities in prop::collection::vec(0.0..0.2_f64, 0..12), level in 0.001..0.2_f64) {
            let adjusted: Vec<bool> = holm(&probabilities).into_iter().map(|adjusted| adjusted <= level).collect();
            prop_assert_eq!(adjusted, step_by_step(&probabilities, level));
        }

        #[test]
        fn it_lies_between_the_raw_one_and_that_of_bonferroni(probabilities in prop::collection::vec(0.0..=1.0_f64, 1..12)) {
            for (raw, adjusted) in probabilities.iter().zip(holm(&probabilities)) {
                prop_assert!(adjusted >= *raw && adjusted <= (raw * probabilities.len() as f64).min(1.0) + 1e-15);
            }
        }
    }
}
