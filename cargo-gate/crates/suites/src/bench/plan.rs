//! Who goes first in each pair.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use gate_base::stats::SplitMix64;

/// The order of pairs: a coin decides it for every other pair, and the pair between turns it round, so that what warms up, or
/// slows down with time, meets both sides alike.
#[derive(Debug)]
pub(super) struct Order {
    random: SplitMix64,
    reference_first: Option<bool>,
}

impl Order {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: SplitMix64::new(seed),
            reference_first: None,
        }
    }

    /// Whether the reference goes first in the next pair.
    pub(super) fn reference_first(&mut self) -> bool {
        match self.reference_first.take() {
            Some(before) => !before,
            None => {
                let first = self.random.coin();
                self.reference_first = Some(first);
                first
            }
        }
    }
}

/// A seed that nobody knows before: the order is written to the log with it.
pub(super) fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pairs_in_a_row_have_both_orders() {
        for seed in 0..20 {
            let mut order = Order::new(seed);
            for _ in 0..10 {
                assert_ne!(order.reference_first(), order.reference_first());
            }
        }
        let first = |seed: u64| Order::new(seed).reference_first();
        assert!((0..20).any(first) && !(0..20).all(first));
    }
}
