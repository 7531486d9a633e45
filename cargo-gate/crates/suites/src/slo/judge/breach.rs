//! Whether more events were bad than a budget explains: one test for each unit and look-back, corrected together.

use jiff::{SignedDuration, Timestamp};

use gate_base::stats::{binomial, holm};

use super::unit::{Count, Terms, Unit, sum, within};

/// A budget that is exceeded over a look-back.
#[derive(Debug, Clone, PartialEq)]
pub struct Breach {
    /// Which unit, by its place.
    pub unit: usize,
    /// The look-back: of several, the one with the smallest probability.
    pub look_back: SignedDuration,
    /// Bad events.
    pub bad: u64,
    /// All events.
    pub events: u64,
    /// Probability of that many under the budget.
    pub p: f64,
}

/// All tests.
#[derive(Debug, Clone, Default)]
pub(super) struct Tested {
    tests: Vec<Breach>,
}

/// Tests every unit over every look-back. A look-back with the same counts as a shorter one is the same test.
pub(super) fn test(units: &[Unit], spreads: &[f64], terms: &Terms, now: Timestamp) -> Tested {
    let mut tests = Vec::new();
    for (at, (unit, spread)) in units.iter().zip(spreads).enumerate() {
        let mut before: Vec<&Count> = Vec::new();
        for look_back in &terms.look_back {
            let counts: Vec<&Count> = within(unit, *look_back, now).collect();
            if counts == before {
                continue;
            }
            let (bad, events) = sum(counts.iter().copied());
            before = counts;
            if events == 0 {
                continue;
            }
            tests.push(Breach {
                unit: at,
                look_back: *look_back,
                bad,
                events,
                p: binomial::tail(bad as f64 / spread, events as f64 / spread, unit.budget),
            });
        }
    }
    Tested { tests }
}

impl Tested {
    pub(super) fn count(&self) -> usize {
        self.tests.len()
    }

    /// Which units are found to exceed their budgets.
    pub(super) fn breaches(&self, units: &[Unit], terms: &Terms) -> Vec<Breach> {
        let p: Vec<f64> = self.tests.iter().map(|test| test.p).collect();
        let found = self
            .tests
            .iter()
            .zip(holm(&p))
            .filter(|(_, adjusted)| *adjusted <= terms.alpha);
        let mut worst: Vec<Option<&Breach>> = vec![None; units.len()];
        for (test, _) in found {
            let best = &mut worst[test.unit];
            if best.is_none_or(|best| test.p < best.p) {
                *best = Some(test);
            }
        }
        worst.into_iter().flatten().cloned().collect()
    }

    /// Whether a unit alone is found with these tests instead of its own, beside all others.
    pub(super) fn finds(&self, unit: usize, instead: &Tested, terms: &Terms) -> bool {
        let own = |test: &&Breach| test.unit == unit;
        let of_unit: Vec<f64> = instead.tests.iter().filter(own).map(|test| test.p).collect();
        let others = self.tests.iter().filter(|test| test.unit != unit).map(|test| test.p);
        let p: Vec<f64> = of_unit.iter().copied().chain(others).collect();
        holm(&p)[..of_unit.len()]
            .iter()
            .any(|adjusted| *adjusted <= terms.alpha)
    }
}
