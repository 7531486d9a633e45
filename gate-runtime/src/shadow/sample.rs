//! Which calls are compared.

use core::fmt;
use core::str::FromStr;
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};

/// A share of calls, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Fraction(f64);

impl Fraction {
    /// No call.
    pub const NONE: Fraction = Fraction(0.0);
    /// Every call.
    pub const ALL: Fraction = Fraction(1.0);

    /// This share of calls.
    ///
    /// # Errors
    ///
    /// A number below 0 or above 1, or no number; it is never replaced by the nearest that would do.
    pub fn new(share: f64) -> Result<Fraction, InvalidFraction> {
        if (0.0..=1.0).contains(&share) {
            Ok(Fraction(share))
        } else {
            Err(InvalidFraction(share.to_string()))
        }
    }

    /// The share.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Fraction {
    type Err = InvalidFraction;

    fn from_str(text: &str) -> Result<Fraction, InvalidFraction> {
        let share: f64 = text.parse().map_err(|_| InvalidFraction(text.to_owned()))?;
        Fraction::new(share)
    }
}

/// A text or number that is no share of calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidFraction(String);

impl fmt::Display for InvalidFraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invalid value `{}` for `shadow_fraction`: expected 0.0 to 1.0",
            self.0
        )
    }
}

impl Error for InvalidFraction {}

/// Numbers native calls and picks those that are compared.
#[derive(Debug)]
pub struct Sampler {
    fraction: Fraction,
    /// A number is picked if its hash is below; `None` picks every number.
    below: Option<u64>,
    seed: u64,
    next: AtomicU64,
}

impl Sampler {
    /// Picks this share. Samplers with different seeds pick different calls.
    #[must_use]
    pub fn new(fraction: Fraction, seed: u64) -> Sampler {
        let below = (fraction.0 < 1.0).then_some((fraction.0 * 2.0_f64.powi(64)) as u64);
        Sampler {
            fraction,
            below,
            seed,
            next: AtomicU64::new(0),
        }
    }

    /// The declared share.
    #[must_use]
    pub const fn fraction(&self) -> Fraction {
        self.fraction
    }

    /// Whether the call with this number is compared. The numbers are hashed: every hundredth call would always be the
    /// same one of a workload that repeats itself.
    #[must_use]
    pub fn picks(&self, seq: u64) -> bool {
        self.below.is_none_or(|below| splitmix64(seq ^ self.seed) < below)
    }

    /// Numbers the next call. Returns whether it is compared.
    pub fn next(&self) -> bool {
        match self.below {
            Some(0) => false,
            None => true,
            Some(_) => self.picks(self.next.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): a bijection of 64-bit numbers that mixes well.
const fn splitmix64(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_outside_of_0_to_1_is_refused() {
        for bad in ["-0.01", "1.01", "NaN", "inf", "1%", ""] {
            let refused = bad.parse::<Fraction>().unwrap_err().to_string();
            assert!(
                refused.ends_with("for `shadow_fraction`: expected 0.0 to 1.0"),
                "{refused}"
            );
        }
        assert_eq!("0.01".parse::<Fraction>().unwrap().get(), 0.01);
    }

    #[test]
    fn the_declared_share_is_picked() {
        for share in [0.0, 0.001, 0.01, 0.1, 0.5, 1.0] {
            let sampler = Sampler::new(Fraction::new(share).unwrap(), 7);
            let picked = (0..100_000).filter(|_| sampler.next()).count() as f64;
            // Five standard deviations of a binomial distribution.
            let allowed = 5.0 * (100_000.0 * share * (1.0 - share)).sqrt();
            assert!((picked - 100_000.0 * share).abs() <= allowed, "{share}: {picked}");
        }
    }

    #[test]
    fn a_workload_that_repeats_itself_is_sampled_all_over() {
        let sampler = Sampler::new(Fraction::new(0.01).unwrap(), 0);
        let mut seen = [false; 100];
        (0..100_000_u64)
            .filter(|seq| sampler.picks(*seq))
            .for_each(|seq| seen[(seq % 100) as usize] = true);
        assert!(seen.iter().all(|seen| *seen));
    }

    #[test]
    fn the_same_numbers_are_picked_again_and_others_with_another_seed() {
        let picks = |seed| {
            let sampler = Sampler::new(Fraction::new(0.05).unwrap(), seed);
            (0..2_000).filter(|_| sampler.next()).count();
            (0..2_000).filter(|seq| sampler.picks(*seq)).collect::<Vec<_>>()
        };
        assert_eq!(picks(1), picks(1));
        assert_ne!(picks(1), picks(2));
    }
}
