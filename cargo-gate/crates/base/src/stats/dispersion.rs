//! How much more counts vary than independent events would: bad events that come in bursts.
//!
//! The estimate compares each count with the next one (von Neumann, 1941), not with the mean, so that a slow change of the rate moves
//! it little, while bursts within a count move it fully: where bad events come five at a time, it is 5. Bursts that are cut by the
//! end of a count show in sums of two, four and eight counts; the largest estimate is taken. Shares above nine tenths of
//! those that are not zero are taken for the tenth: an outage is no burst, and must not make the next one look like chance.

/// Fewest pairs of neighbours that say something.
const PAIRS: usize = 20;
/// Fewest counts with a bad event that say something.
const FILLED: usize = 20;
/// Part of the shares that are taken as they are.
const ORDINARY: f64 = 0.9;
/// How many counts are summed.
const SCALES: [usize; 4] = [1, 2, 4, 8];

/// Bad events, and all events.
pub type Count = (f64, f64);

/// The ratio of the variance of the bad events to that of independent ones, at least 1, over all series together; each in the
/// order of time. `None` where there is too little to see it.
pub fn factor(series: &[Vec<Count>]) -> Option<f64> {
    SCALES
        .iter()
        .filter_map(|scale| at_scale(series, *scale))
        .reduce(f64::max)
}

fn at_scale(series: &[Vec<Count>], scale: usize) -> Option<f64> {
    let summed: Vec<Vec<Count>> = series.iter().map(|counts| sums(counts, scale)).collect();
    let share = |(bad, events): &Count| bad / events;
    let mut shares: Vec<f64> = summed
        .iter()
        .flatten()
        .map(share)
        .filter(|share| *share > 0.0)
        .collect();
    if shares.len() < FILLED {
        return None;
    }
    shares.sort_by(f64::total_cmp);
    let largest = shares[(shares.len() as f64 * ORDINARY).ceil() as usize - 1];
    let (mut squares, mut expected, mut pairs) = (0.0, 0.0, 0);
    for counts in &summed {
        let capped: Vec<Count> = counts
            .iter()
            .map(|(bad, events)| (bad.min(largest * events), *events))
            .collect();
        let (bad, events) = capped
            .iter()
            .fold((0.0, 0.0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
        let mean = if events > 0.0 { bad / events } else { 0.0 };
        for pair in capped.windows(2) {
            let difference = share(&pair[0]) - share(&pair[1]);
            let weight = pair[0].1 * pair[1].1 / (pair[0].1 + pair[1].1);
            squares += weight * difference * difference;
            expected += mean * (1.0 - mean);
            pairs += 1;
        }
    }
    (pairs >= PAIRS && expected > 0.0).then(|| f64::max(squares / expected, 1.0))
}

/// Sums of so many counts each, those without events left out. What is left at the end is no whole sum.
fn sums(counts: &[Count], scale: usize) -> Vec<Count> {
    let sum = |counts: &[Count]| {
        counts
            .iter()
            .fold((0.0, 0.0), |sum, count| (sum.0 + count.0, sum.1 + count.1))
    };
    counts
        .chunks_exact(scale)
        .map(sum)
        .filter(|(_, events)| *events > 0.0)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(counts: Vec<Count>) -> Option<f64> {
        factor(&[counts])
    }

    /// An xorshift generator (Marsaglia, 2003).
    fn random(seed: u64) -> impl FnMut() -> u64 {
        let mut state = seed | 1;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        }
    }

    #[test]
    fn too_little_says_nothing() {
        assert_eq!(of(Vec::new()), None);
        assert_eq!(of(vec![(0.0, 100.0); 50]), None);
        assert_eq!(of(vec![(10.0, 100.0); 19]), None);
        assert_eq!(of(vec![(0.0, 0.0); 50]), None);
        // Counts that vary less than chance are no reason to trust less than chance.
        assert_eq!(of(vec![(10.0, 100.0); 50]), Some(1.0));
    }

    #[test]
    fn an_outage_is_no_burst() {
        // The only bad events of a month, all in one hour.
        let alone = |at: usize| if at == 300 { (100.0, 100.0) } else { (0.0, 100.0) };
        assert_eq!(of((0..672).map(alone).collect()), None);
        // Beside ordinary ones.
        let mut random = random(7);
        let mut count = |at: usize| {
            if at == 300 {
                100.0
            } else {
                f64::from(u8::from(random().is_multiple_of(6)))
            }
        };
        let factor = of((0..672).map(|at| (count(at), 100.0)).collect()).unwrap();
        assert!(factor < 1.5, "{factor}");
    }

    proptest! {
        /// A whole burst in a count counts as many times as it has events.
        #[test]
        fn bursts_are_counted(size in 1_u32..20, seed in any::<u64>()) {
            let mut random = random(seed);
            let burst = |drawn: u64| if drawn.is_multiple_of(8) { f64::from(size) } else { 0.0 };
            let found = of((0..4000).map(|_| (burst(random()), 10_000.0)).collect()).unwrap();
            // One in eight: a burst has the variance 7/8 of its size.
            let expected = f64::from(size) * 7.0 / 8.0;
            prop_assert!((0.75..1.4).contains(&(found / expected.max(1.0))), "{} for {}", found, size);
        }

        /// A burst that lasts for four counts.
        #[test]
        fn bursts_are_counted_over_several_counts(seed in any::<u64>()) {
            let mut random = random(seed);
            let mut going_on = 0;
            let counts = (0..4000).map(|_| {
                if random().is_multiple_of(40) {
                    going_on = 4;
                }
                let bad = f64::from(u8::from(going_on > 0));
                going_on = going_on.max(1) - 1;
                (bad, 10_000.0)
            });
            let found = of(counts.collect()).unwrap();
            prop_assert!((1.5..6.0).contains(&found), "{}", found);
        }
    }
}
