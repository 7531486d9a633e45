//! Exact tails and bounds of the binomial distribution, through the regularised incomplete beta function.
//!
//! Counts are numbers with a fraction, because events that come in bursts are counted as bursts: a tenth of a burst is a
//! valid argument, and for whole numbers the results are those of the binomial distribution (NIST Digital Library of
//! Mathematical Functions, 8.17.5).

/// Steps that halve an interval until two doubles are next to each other.
const HALVINGS: u32 = 200;
/// Most events that a search asks for.
const MOST_EVENTS: f64 = 1e15;

/// Probability that at least `bad` of `events` independent events are bad, where each is with probability `rate`.
pub fn tail(bad: f64, events: f64, rate: f64) -> f64 {
    if bad <= 0.0 {
        return 1.0;
    }
    if bad > events {
        return 0.0;
    }
    incomplete_beta(bad, events - bad + 1.0, rate)
}

/// The smallest rate that is excluded from above at `confidence`: the one-sided bound of Clopper and Pearson (1934). 1
/// where all events are bad, or where there are none.
pub fn upper_bound(bad: f64, events: f64, confidence: f64) -> f64 {
    if events <= 0.0 || bad >= events {
        return 1.0;
    }
    invert(|rate| incomplete_beta(bad + 1.0, events - bad, rate) >= confidence)
}

/// The largest rate that is excluded from below at `confidence`. 0 where no event is bad.
pub fn lower_bound(bad: f64, events: f64, confidence: f64) -> f64 {
    if events <= 0.0 || bad <= 0.0 {
        return 0.0;
    }
    invert(|rate| incomplete_beta(bad, events - bad + 1.0, rate) >= 1.0 - confidence)
}

/// Fewest events, of which `seen` is the bad share, whose [`upper_bound`] is at most `rate`. `None` where no number of
/// events is enough, because the share is not below the rate.
pub fn events_to_exclude(seen: f64, rate: f64, confidence: f64) -> Option<f64> {
    // The same as to compare the bound with the rate, without searching for the bound.
    let enough = |events: f64| incomplete_beta(events * seen + 1.0, events * (1.0 - seen), rate) >= confidence;
    least(enough).filter(|_| seen < rate)
}

/// Fewest events of which a bad share of `seen` is found to exceed `rate` at the significance `alpha`.
pub fn events_to_find(seen: f64, rate: f64, alpha: f64) -> Option<f64> {
    let found = |events: f64| tail(events * seen, events, rate) <= alpha;
    least(found).filter(|_| seen > rate)
}

/// The smallest whole number from which on a question is answered with yes, as far as doubling finds one.
fn least(enough: impl Fn(f64) -> bool) -> Option<f64> {
    let mut high = 1.0;
    while !enough(high) {
        high *= 2.0;
        if high > MOST_EVENTS {
            return None;
        }
    }
    let mut low = high / 2.0;
    while high - low > 1.0 {
        let middle = ((low + high) / 2.0).floor();
        if enough(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// The smallest argument between 0 and 1 at which a rising question is answered with yes.
fn invert(reached: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if reached(middle) { high = middle } else { low = middle }
    }
    high
}

/// The regularised incomplete beta function.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (a * x.ln() + b * (-x).ln_1p() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b)).exp();
    // Each side of the mean has the fraction that converges there.
    let value = if x < (a + 1.0) / (a + b + 2.0) {
        front * continued_fraction(a, b, x) / a
    } else {
        1.0 - front * continued_fraction(b, a, 1.0 - x) / b
    };
    value.clamp(0.0, 1.0)
}

/// The continued fraction of the incomplete beta function (DLMF 8.17.22), by the method of Lentz (1976).
fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guarded = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / guarded(1.0 - (a + b) * x / (a + 1.0));
    let mut product = d;
    // It takes about the square root of the larger parameter.
    let most = 200 + 10 * (a.max(b).sqrt() as u32);
    for step in 1..most {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guarded(1.0 + even * d);
        c = guarded(1.0 + even / c);
        product *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guarded(1.0 + odd * d);
        c = guarded(1.0 + odd / c);
        let factor = d * c;
        product *= factor;
        if (factor - 1.0).abs() < 1e-15 {
            break;
        }
    }
    product
}

/// The logarithm of the gamma function of a positive number: the series of Stirling (DLMF 5.11.1) above 15, to which the
/// recurrence leads. It keeps 14 digits.
fn ln_gamma(x: f64) -> f64 {
    let mut shifted = x;
    let mut product = 1.0;
    while shifted < 15.0 {
        product *= shifted;
        shifted += 1.0;
    }
    let square = 1.0 / (shifted * shifted);
    let series = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
    ];
    let rest = series.iter().rev().fold(0.0, |sum, term| sum * square + term) / shifted;
    (shifted - 0.5) * shifted.ln() - shifted + 0.5 * std::f64::consts::TAU.ln() + rest - product.ln()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The tail as a sum of terms.
    fn brute(bad: u32, events: u32, rate: f64) -> f64 {
        let mut term = (1.0 - rate).powi(events as i32);
        let mut below = 0.0;
        for k in 0..bad {
            below += term;
            term *= f64::from(events - k) / f64::from(k + 1) * rate / (1.0 - rate);
        }
        1.0 - below
    }

    #[test]
    fn known_values() {
        // Twelve heads of twenty: 0.2517; of a die, 4 sixes or more of 10: 0.0697.
        assert!((tail(12.0, 20.0, 0.5) - 0.251_722_335_8).abs() < 1e-9);
        assert!((tail(4.0, 10.0, 1.0 / 6.0) - 0.069_727_8).abs() < 1e-6);
        // The rule of three, exactly: 1 - 0.05^(1/n).
        let bound = upper_bound(0.0, 3000.0, 0.95);
        assert!((bound - (1.0 - 0.05_f64.powf(1.0 / 3000.0))).abs() < 1e-12, "{bound}");
        // Clopper and Pearson for 10 of 100: 0.0490 to 0.1762 at 95 % on both sides.
        assert!((upper_bound(10.0, 100.0, 0.975) - 0.176_222).abs() < 1e-5);
        assert!((lower_bound(10.0, 100.0, 0.975) - 0.049_005).abs() < 1e-5);
        assert_eq!(upper_bound(5.0, 5.0, 0.95), 1.0);
        assert_eq!(lower_bound(0.0, 5.0, 0.95), 0.0);
        assert_eq!(upper_bound(0.0, 0.0, 0.95), 1.0);
        assert!((ln_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-13);
        assert!((ln_gamma(171.0) - 706.573_062_245_787_4).abs() < 1e-9);
    }

    #[test]
    fn large_counts_stay_exact() {
        // A billion events at a tenth of a percent: the tail at the mean is close to a half.
        let at_mean = tail(1e6, 1e9, 1e-3);
        assert!((at_mean - 0.5).abs() < 1e-3, "{at_mean}");
        assert!(tail(1.01e6, 1e9, 1e-3) < 1e-20);
    }

    #[test]
    fn what_is_needed_is_enough_and_one_less_is_not() {
        let events = events_to_exclude(0.0, 0.001, 0.95).unwrap();
        assert_eq!(events, 2995.0);
        assert!(upper_bound(0.0, 2994.0, 0.95) > 0.001);
        assert_eq!(events_to_exclude(0.001, 0.001, 0.95), None);
        let found = events_to_find(0.005, 0.001, 1e-4).unwrap();
        assert!(tail(found * 0.005, found, 0.001) <= 1e-4);
        assert_eq!(events_to_find(0.001, 0.001, 1e-4), None);
    }

    proptest! {
        #[test]
        fn the_tail_is_the_sum_of_its_terms(events in 1_u32..200, share in 0.0..=1.0_f64, rate in 0.001..0.9_f64) {
            let bad = (f64::from(events) * share) as u32;
            let exact = tail(f64::from(bad), f64::from(events), rate);
            prop_assert!((exact - brute(bad, events, rate)).abs() < 1e-9, "{} {}", exact, brute(bad, events, rate));
        }

        /// The bound is the rate at which seeing so few has the remaining probability.
        #[test]
        fn a_bound_is_the_inverse_of_a_tail(events in 1_u32..500, share in 0.0..1.0_f64, confidence in 0.5..0.999_f64) {
            let bad = (f64::from(events) * share) as u32;
            let (bad, events) = (f64::from(bad), f64::from(events));
            let upper = upper_bound(bad, events, confidence);
            prop_assert!((tail(bad + 1.0, events, upper) - confidence).abs() < 1e-8);
            let lower = lower_bound(bad, events, confidence);
            prop_assert!(lower <= bad / events && bad / events <= upper);
            if bad > 0.0 {
                prop_assert!((tail(bad, events, lower) - (1.0 - confidence)).abs() < 1e-8);
            }
        }

        /// More bad events are never more likely, and a higher rate never makes them less likely.
        #[test]
        fn tails_are_monotone(events in 1.0..1e6_f64, share in 0.0..1.0_f64, rate in 1e-6..0.5_f64) {
            let bad = events * share;
            prop_assert!(tail(bad + 1.0, events, rate) <= tail(bad, events, rate) + 1e-12);
            prop_assert!(tail(bad, events, rate) <= tail(bad, events, rate * 1.5) + 1e-12);
        }
    }
}
