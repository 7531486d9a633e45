//! A sequential comparison of two sides in pairs: after some numbers of pairs it looks, and each look may decide.
//!
//! A difference is the logarithm of what one side took over what the other took in the same pair: above zero where it is worse. A
//! metric fails where the signed-rank test says that it is worse than allowed for nothing *and* the estimate reaches its limit; it
//! passes where the test refutes that it is as bad as it must not be *and* the estimate keeps the limit. Errors are shared among the
//! looks in equal parts (Bonferroni), and those of failing among the metrics as [`holm`] says.

use super::holm::holm;
use super::signed_rank::{Shift, SignedRank};

/// Numbers of pairs after which the comparison looks.
pub const LOOKS: [usize; 6] = [10, 14, 19, 26, 36, 60];
/// Fewest pairs that may fail: of ten, all in one direction are not rare enough for a dozen metrics.
pub const FEWEST_TO_FAIL: usize = 14;
/// Probability that any metric of a comparison without a difference is called worse, before its estimate is asked.
const FALSE_ALARM: f64 = 0.01;
/// Probability that a metric as bad as it must not be passes, before its estimate is asked.
const MISSED: f64 = 0.1;
/// Probability that any look has the true value beyond one of its bounds.
const BEYOND: f64 = 0.05;

/// What a metric has to keep, as logarithms of ratios.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allowed {
    /// What is no worse for sure; failing takes evidence against it.
    pub harmless: f64,
    /// An estimate from here on is too bad.
    pub limit: f64,
    /// What must not pass; passing takes evidence against it.
    pub harmful: f64,
}

impl Allowed {
    /// A side may be worse than the other by less than `ratio`, which is above 1, and twice that must not pass.
    pub fn regression(ratio: f64) -> Self {
        let limit = ratio.ln();
        Self {
            harmless: 0.0,
            limit,
            harmful: 2.0 * limit,
        }
    }

    /// The ratio itself lies below this one, which may be any.
    pub fn bound(ratio: f64) -> Self {
        let limit = ratio.ln();
        Self {
            harmless: limit,
            limit,
            harmful: limit,
        }
    }
}

/// What a look says of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is worse than allowed.
    Worse,
    /// It keeps its limit.
    Within,
    /// More pairs are needed.
    Open,
}

/// A metric at a look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// How much worse it is, by Hodges and Lehmann.
    pub estimate: f64,
    /// Its bounds, each at 95 % over all looks; infinite where there are too few pairs.
    pub bounds: (f64, f64),
    /// What follows.
    pub decision: Decision,
    /// The smallest limit of a regression that these pairs could have passed.
    pub decidable: f64,
}

/// A comparison, from its first look to its last.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    within: Vec<bool>,
}

impl Comparison {
    /// Looks at the differences of all metrics so far, which are the same metrics at each look. What has passed stays so until it
    /// fails. `None` where a difference is not a number, or a metric has none.
    pub fn look(&mut self, metrics: &[(&[f64], Allowed)]) -> Option<Vec<Look>> {
        self.within.resize(metrics.len(), false);
        let alarms: Option<Vec<f64>> = metrics
            .iter()
            .map(|(differences, allowed)| Some(moved(differences, allowed.harmless)?.probability_above()))
            .collect();
        let alarms = holm(&alarms?);
        let looks = metrics.iter().zip(alarms).zip(&mut self.within);
        looks
            .map(|(((differences, allowed), alarm), within)| {
                let shift = Shift::of(differences)?;
                let estimate = shift.estimate();
                let level = FALSE_ALARM / (LOOKS.len() - 1) as f64;
                let worse = differences.len() >= FEWEST_TO_FAIL && alarm <= level && estimate >= allowed.limit;
                let refuted = moved(differences, allowed.harmful)?.probability_below() <= MISSED / LOOKS.len() as f64;
                *within = !worse && (*within || refuted && estimate < allowed.limit);
                let beyond = BEYOND / LOOKS.len() as f64;
                let passable = shift.upper(MISSED / LOOKS.len() as f64).unwrap_or(f64::INFINITY);
                Some(Look {
                    estimate,
                    bounds: (
                        shift.lower(beyond).unwrap_or(f64::NEG_INFINITY),
                        shift.upper(beyond).unwrap_or(f64::INFINITY),
                    ),
                    decision: match (worse, *within) {
                        (true, _) => Decision::Worse,
                        (false, true) => Decision::Within,
                        (false, false) => Decision::Open,
                    },
                    decidable: (passable / 2.0).max(estimate),
                })
            })
            .collect()
    }
}

fn moved(differences: &[f64], by: f64) -> Option<SignedRank> {
    let moved: Vec<f64> = differences.iter().map(|difference| difference - by).collect();
    SignedRank::of(&moved)
}

/// Resamples that each guess is tried on.
const RESAMPLES: usize = 200;
/// Part of them that must fail.
const CAUGHT: f64 = 0.95;

/// The smallest ratio that as many pairs as these, with noise like theirs, would have failed 95 times of 100: the recorded
/// differences without what they have in common are drawn again, with `metrics` metrics beside each other. `None` with fewer than 26
/// pairs, which know too little of their noise, and where no ratio up to 16 is found.
pub fn caught(differences: &[f64], allowed: Allowed, metrics: usize, seed: u64) -> Option<f64> {
    let pairs = differences.len();
    let center = Shift::of(differences)?.estimate();
    if pairs < 26 {
        return None;
    }
    let fails = |ratio: f64| {
        let mut random = super::random::SplitMix64::new(seed);
        let level = FALSE_ALARM / (LOOKS.len() - 1) as f64 / metrics.max(1) as f64;
        let failing = (0..RESAMPLES).filter(|_| {
            let drawn: Vec<f64> = (0..pairs)
                .map(|_| differences[random.below(pairs)] - center + ratio.ln())
                .collect();
            let worse = moved(&drawn, allowed.harmless).is_some_and(|ranked| ranked.probability_above() <= level);
            worse && Shift::of(&drawn).is_some_and(|shift| shift.estimate() >= allowed.limit)
        });
        failing.count() as f64 >= CAUGHT * RESAMPLES as f64
    };
    let (mut low, mut high) = (allowed.limit, allowed.limit.max(0.0) + 16.0_f64.ln());
    if !fails(high.exp()) {
        return None;
    }
    // A hundredth of a percent of what is asked for.
    for _ in 0..10 {
        let middle = f64::midpoint(low, high);
        if fails(middle.exp()) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high.exp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Differences that lie evenly around a value.
    fn around(value: f64, spread: f64, pairs: usize) -> Vec<f64> {
        let place = |at: usize| at as f64 / (pairs - 1) as f64 - 0.5;
        (0..pairs).map(|at| value + 2.0 * spread * place(at)).collect()
    }

    fn decision(differences: &[f64], allowed: Allowed) -> Decision {
        Comparison::default().look(&[(differences, allowed)]).unwrap()[0].decision
    }

    #[test]
    fn each_look_decides_what_it_can() {
        let allowed = Allowed::regression(1.05);
        assert_eq!(decision(&around(0.0, 0.01, 10), allowed), Decision::Within);
        assert_eq!(
            decision(&around(0.1, 0.01, 10), allowed),
            Decision::Open,
            "ten pairs never fail"
        );
        assert_eq!(decision(&around(0.1, 0.01, 14), allowed), Decision::Worse);
        assert_eq!(
            decision(&around(0.03, 0.01, 60), allowed),
            Decision::Within,
            "worse for sure, but not by much"
        );
        assert_eq!(decision(&around(0.0, 0.4, 14), allowed), Decision::Open);
        assert_eq!(
            decision(&around(0.06, 0.3, 60), allowed),
            Decision::Open,
            "too bad, but perhaps by accident"
        );
    }

    #[test]
    fn a_bound_has_evidence_on_its_own_side() {
        for (value, expected) in [
            (-0.8, Decision::Within),
            (-0.6, Decision::Worse),
            (0.5_f64.ln(), Decision::Open),
        ] {
            assert_eq!(
                decision(&around(value, 0.05, 14), Allowed::bound(0.5)),
                expected,
                "{value}"
            );
        }
    }

    #[test]
    fn what_passed_stays_so_until_it_fails() {
        let allowed = Allowed::regression(1.05);
        let mut comparison = Comparison::default();
        let mut look = |differences: &[f64]| comparison.look(&[(differences, allowed)]).unwrap()[0].decision;
        assert_eq!(look(&around(0.0, 0.01, 10)), Decision::Within);
        assert_eq!(look(&around(0.0, 0.9, 14)), Decision::Within);
        assert_eq!(look(&around(0.2, 0.01, 19)), Decision::Worse);
        assert_eq!(look(&around(0.0, 0.9, 26)), Decision::Open);
    }

    /// Of forty metrics, the one that is worse must be so sure that one of forty would be.
    #[test]
    fn many_metrics_need_more_to_fail() {
        // One of fourteen in the other direction, and the smallest: 2 of 2^14 assignments.
        let mut almost = around(0.1, 0.01, 14);
        almost[0] = -0.001;
        let allowed = Allowed::regression(1.05);
        assert_eq!(decision(&almost, allowed), Decision::Worse);
        let quiet = around(0.0, 0.01, 14);
        let mut metrics = vec![(&quiet[..], allowed); 40];
        metrics[7].0 = &almost;
        let looks = Comparison::default().look(&metrics).unwrap();
        assert_eq!(looks[7].decision, Decision::Open);
    }

    #[test]
    fn what_would_have_been_caught_is_beyond_the_limit() {
        let allowed = Allowed::regression(1.05);
        let quiet = caught(&around(0.0, 0.02, 26), allowed, 12, 1).unwrap();
        let loud = caught(&around(0.0, 0.4, 60), allowed, 12, 1).unwrap();
        assert!(
            quiet > 1.05 && quiet < 1.08 && loud > 1.15 && loud < 1.6,
            "{quiet} {loud}"
        );
        assert_eq!(caught(&around(0.0, 0.02, 19), allowed, 12, 1), None);
    }

    #[test]
    fn what_is_no_number_decides_nothing() {
        assert_eq!(
            Comparison::default().look(&[(&[f64::NAN; 20][..], Allowed::bound(1.0))]),
            None
        );
        assert_eq!(Comparison::default().look(&[(&[][..], Allowed::bound(1.0))]), None);
    }

    proptest! {
        /// The other way round is the other answer, and more is never better.
        #[test]
        fn worse_never_passes(differences in prop::collection::vec(-0.2..0.2_f64, 14..=26), by in 0.0..0.2_f64) {
            let allowed = Allowed::regression(1.05);
            let more: Vec<f64> = differences.iter().map(|difference| difference + by).collect();
            let (one, other) = (decision(&differences, allowed), decision(&more, allowed));
            prop_assert!(one != Decision::Worse || other == Decision::Worse);
            prop_assert!(other != Decision::Within || one == Decision::Within);
        }

        #[test]
        fn the_bounds_hold_the_estimate(differences in prop::collection::vec(-0.2..0.2_f64, 10..=26)) {
            let look = Comparison::default().look(&[(&differences, Allowed::regression(1.05))]).unwrap()[0];
            prop_assert!(look.bounds.0 <= look.estimate && look.estimate <= look.bounds.1);
            // A limit just above what is called decidable passes.
            let passes = Allowed::regression((look.decidable + 1e-6).max(1e-3).exp());
            prop_assert_eq!(decision(&differences, passes), Decision::Within);
        }
    }
}
