//! Wilcoxon's signed-rank test (*Individual comparisons by ranking methods*, Biometrics Bulletin 1, 1945), and the estimate and
//! the bounds of Hodges and Lehmann that belong to it (*Estimates of location based on rank tests*, Annals of Mathematical
//! Statistics 34, 1963).
//!
//! The distribution is that of the samples themselves: every assignment of signs to their ranks has the same probability. Equal
//! sizes share the mean of their ranks, and zeros are dropped. No approximation by the normal distribution is involved.

use super::order::middle;

/// The statistic of some samples: the ranks of the positive ones, added up, with all that its distribution depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedRank {
    /// Ranks of the sizes, smallest first, each doubled, so that a shared rank is a whole number too.
    doubled: Vec<usize>,
    /// Doubled ranks of the positive samples, added up.
    positive: usize,
}

impl SignedRank {
    /// Ranks differences from zero. `None` where one of them is not a number.
    pub fn of(differences: &[f64]) -> Option<Self> {
        if differences.iter().any(|difference| difference.is_nan()) {
            return None;
        }
        let mut kept: Vec<f64> = differences.iter().copied().filter(|kept| *kept != 0.0).collect();
        kept.sort_by(|one, other| one.abs().total_cmp(&other.abs()));
        let (mut doubled, mut positive) = (Vec::with_capacity(kept.len()), 0);
        for tied in kept.chunk_by(|one, other| one.abs() == other.abs()) {
            // Twice the mean of the places from `before + 1` to `before + tied.len()`.
            let rank = 2 * doubled.len() + tied.len() + 1;
            positive += rank * tied.iter().filter(|kept| **kept > 0.0).count();
            doubled.extend(std::iter::repeat_n(rank, tied.len()));
        }
        Some(Self { doubled, positive })
    }

    /// Probability of a sum as large as this, or larger, where the samples lie evenly around zero: small where they are
    /// larger than zero.
    pub fn probability_above(&self) -> f64 {
        probability(&self.doubled, self.positive, self.doubled.iter().sum())
    }

    /// Probability of a sum as small as this, or smaller: small where the samples are smaller than zero.
    pub fn probability_below(&self) -> f64 {
        probability(&self.doubled, 0, self.positive)
    }
}

/// Probability of a sum of ranks from `low` to `high`, where each is in it or not as a fair coin says.
fn probability(ranks: &[usize], low: usize, high: usize) -> f64 {
    let total: usize = ranks.iter().sum();
    let mut of_sum = vec![0.0; total + 1];
    of_sum[0] = 1.0;
    let mut reached = 0;
    for rank in ranks {
        reached += rank;
        for sum in (0..=reached).rev() {
            let with = sum.checked_sub(*rank).map_or(0.0, |without| of_sum[without]);
            of_sum[sum] = (of_sum[sum] + with) / 2.0;
        }
    }
    of_sum
        .get(low..=high)
        .map_or(0.0, |sums| sums.iter().sum::<f64>())
        .min(1.0)
}

/// The estimate of Hodges and Lehmann, with the bounds that the test does not reject.
#[derive(Debug, Clone, PartialEq)]
pub struct Shift {
    /// Means of all pairs of samples, each with itself too, in order.
    walsh: Vec<f64>,
    samples: usize,
}

impl Shift {
    /// How far samples lie from zero. `None` without samples, and where one of them is not a number.
    pub fn of(samples: &[f64]) -> Option<Self> {
        if samples.is_empty() || samples.iter().any(|sample| sample.is_nan()) {
            return None;
        }
        let mut walsh = Vec::with_capacity(samples.len() * (samples.len() + 1) / 2);
        for (at, one) in samples.iter().enumerate() {
            walsh.extend(samples[at..].iter().map(|other| one / 2.0 + other / 2.0));
        }
        walsh.sort_by(f64::total_cmp);
        Some(Self {
            walsh,
            samples: samples.len(),
        })
    }

    /// The median of the means of all pairs.
    pub fn estimate(&self) -> f64 {
        middle(&mut self.walsh.clone()).unwrap_or_default()
    }

    /// What the samples lie below, except with this probability: the largest shift that the test does not reject. `None` where
    /// there are too few samples for any bound.
    pub fn upper(&self, probability: f64) -> Option<f64> {
        let cut = self.cut(probability)?;
        self.walsh.iter().rev().nth(cut).copied()
    }

    /// What they lie above, except with this probability.
    pub fn lower(&self, probability: f64) -> Option<f64> {
        let cut = self.cut(probability)?;
        self.walsh.get(cut).copied()
    }

    /// The largest sum of ranks that a fair coin gets, or falls below, with at most this probability. As many means lie beyond a
    /// bound, because the sum of the ranks is the number of means above zero (Tukey, 1949).
    fn cut(&self, probability: f64) -> Option<usize> {
        let total = self.walsh.len();
        let mut of_sum = vec![0.0; total + 1];
        of_sum[0] = 1.0;
        let mut reached = 0;
        for rank in 1..=self.samples {
            reached += rank;
            for sum in (0..=reached).rev() {
                let with = sum.checked_sub(rank).map_or(0.0, |without| of_sum[without]);
                of_sum[sum] = (of_sum[sum] + with) / 2.0;
            }
        }
        let mut below = 0.0;
        let within = of_sum.iter().take_while(|of| {
            below += **of;
            below <= probability
        });
        within.count().checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every assignment of signs, one by one.
    fn by_counting(differences: &[f64]) -> (f64, f64) {
        let kept: Vec<f64> = differences.iter().copied().filter(|kept| *kept != 0.0).collect();
        let rank = |of: f64| {
            let smaller = kept.iter().filter(|kept| kept.abs() < of.abs()).count() as f64;
            let equal = kept.iter().filter(|kept| kept.abs() == of.abs()).count() as f64;
            smaller + (equal + 1.0) / 2.0
        };
        let ranks: Vec<f64> = kept.iter().map(|kept| rank(*kept)).collect();
        let sum = |positive: &dyn Fn(usize) -> bool| {
            let of = ranks.iter().enumerate().filter(|(at, _)| positive(*at));
            of.map(|(_, rank)| rank).sum::<f64>()
        };
        let seen = sum(&|at| kept[at] > 0.0);
        let all = 1_usize << kept.len();
        let (mut above, mut below) = (0, 0);
        for signs in 0..all {
            let sum = sum(&|at| signs >> at & 1 == 1);
            above += usize::from(sum >= seen);
            below += usize::from(sum <= seen);
        }
        (above as f64 / all as f64, below as f64 / all as f64)
    }

    /// Darwin's plants (*The effects of cross and self fertilisation*, 1876): R's `wilcox.test(exact = TRUE)` has V = 96 and
    /// p = 0.04126 for 15 differences, on two sides.
    #[test]
    fn darwins_plants() {
        let eighths = [
            49.0, -67.0, 8.0, 16.0, 6.0, 23.0, 28.0, 41.0, 14.0, 29.0, 56.0, 24.0, 75.0, 60.0, -48.0,
        ];
        let ranked = SignedRank::of(&eighths).unwrap();
        assert_eq!(ranked.positive, 2 * 96);
        assert!(
            (2.0 * ranked.probability_above() - 0.041_26).abs() < 5e-6,
            "{}",
            ranked.probability_above()
        );
    }

    /// The table of critical values in Wilcoxon and Wilcox (*Some rapid approximate statistical procedures*, 1964), as every
    /// textbook has it: the largest sum of the rarer signs at 0.025 and 0.005 of one side.
    #[test]
    fn critical_values() {
        for (samples, wide, narrow) in [
            (6, 0, None),
            (8, 3, Some(0)),
            (10, 8, Some(3)),
            (15, 25, Some(15)),
            (20, 52, Some(37)),
            (25, 89, Some(68)),
        ] {
            let ranks: Vec<usize> = (1..=samples).collect();
            let largest = |level: f64| (0..200).take_while(|sum| probability(&ranks, 0, *sum) <= level).last();
            assert_eq!((largest(0.025), largest(0.005)), (Some(wide), narrow), "{samples}");
        }
    }

    #[test]
    fn what_has_no_differences_shows_nothing() {
        let none = SignedRank::of(&[0.0; 12]).unwrap();
        assert_eq!((none.probability_above(), none.probability_below()), (1.0, 1.0));
        assert_eq!(SignedRank::of(&[f64::NAN]), None);
        assert_eq!(Shift::of(&[]), None);
        assert_eq!(Shift::of(&[1.0; 4]).unwrap().upper(0.05), None);
        assert_eq!(Shift::of(&[1.0; 5]).unwrap().upper(0.05), Some(1.0));
    }

    #[test]
    fn ten_samples_of_one_sign_are_one_in_1024() {
        let samples: Vec<f64> = (1..=10).map(f64::from).collect();
        assert_eq!(SignedRank::of(&samples).unwrap().probability_above(), 1.0 / 1024.0);
        assert_eq!(Shift::of(&samples).unwrap().estimate(), 5.5);
    }

    proptest! {
        #[test]
        fn probabilities_are_those_of_counting(
            // Few different sizes, so that many are equal or zero.
            small in prop::collection::vec(-4..5_i32, 0..=12),
            large in prop::collection::vec(-1e3..1e3_f64, 0..=12),
        ) {
            for samples in [small.into_iter().map(f64::from).collect(), large] {
                let ranked = SignedRank::of(&samples).unwrap();
                let (above, below) = by_counting(&samples);
                prop_assert!((ranked.probability_above() - above).abs() < 1e-12);
                prop_assert!((ranked.probability_below() - below).abs() < 1e-12);
            }
        }

        /// A bound is where the test begins to reject.
        #[test]
        fn bounds_are_where_the_test_turns(samples in prop::collection::vec(-1e3..1e3_f64, 5..=12), level in 0.04..0.5_f64) {
            let shift = Shift::of(&samples).unwrap();
            prop_assume!(shift.walsh.windows(2).all(|two| two[1] - two[0] > 1e-6));
            let (lower, upper) = (shift.lower(level).unwrap(), shift.upper(level).unwrap());
            let moved = |by: f64| SignedRank::of(&samples.iter().map(|sample| sample - by).collect::<Vec<_>>()).unwrap();
            prop_assert!(moved(upper + 1e-7).probability_below() <= level);
            prop_assert!(moved(upper - 1e-7).probability_below() > level);
            prop_assert!(moved(lower - 1e-7).probability_above() <= level);
            prop_assert!(moved(lower + 1e-7).probability_above() > level);
        }

        #[test]
        fn the_estimate_moves_with_the_samples(samples in prop::collection::vec(-1e3..1e3_f64, 1..=12), by in -1e3..1e3_f64) {
            let estimate = |by: f64| Shift::of(&samples.iter().map(|sample| sample + by).collect::<Vec<_>>()).unwrap().estimate();
            prop_assert!((estimate(by) - estimate(0.0) - by).abs() < 1e-9);
        }
    }
}
