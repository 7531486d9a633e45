//! The rule for kernels without a budget.

use super::budget::{Excess, Limit};
use super::ptxas::Usage;

/// The rule for kernels without a budget: nothing may grow beyond the locked report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratchet<'a> {
    /// The locked report.
    pub locked: &'a Usage,
}

impl Ratchet<'_> {
    /// What has grown. Constant memory is left out: it follows the parameters, which are compared as such.
    #[must_use]
    pub fn exceeded_by(&self, usage: &Usage) -> Vec<Excess> {
        Limit::ALL
            .into_iter()
            .filter(|limit| *limit != Limit::Constant)
            .map(|limit| Excess {
                limit,
                taken: limit.of(usage),
                most: limit.of(self.locked),
            })
            .filter(|excess| excess.taken > excess.most)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::budget::tests::USAGE;

    #[test]
    fn the_ratchet_lets_nothing_grow() {
        let ratchet = Ratchet { locked: &USAGE };
        assert_eq!(ratchet.exceeded_by(&USAGE), []);
        let grown = Usage {
            registers: 41,
            shared: 10,
            constant: 500,
            ..USAGE
        };
        assert_eq!(
            ratchet.exceeded_by(&grown),
            [Excess {
                limit: Limit::Registers,
                taken: 41,
                most: 40
            }]
        );
    }
}
