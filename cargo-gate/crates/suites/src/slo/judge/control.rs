//! Two twins of what was counted, judged beside it: the same events at the same times, of which half of the budget is bad, and five
//! times the budget. If the judge finds fault with the first, it is broken; if it does not find the second, it could not find a burn.

use jiff::Timestamp;

use gate_base::stats::binomial;

use super::breach::{self, Tested};
use super::unit::{Count, Terms, Unit, period, sum, within};

/// The bad part of the healthy twin, in budgets.
const HEALTHY: f64 = 0.5;
/// The bad part of the burning twin, in budgets.
pub(super) const BURNING: f64 = 5.0;

/// The same events, of which so many budgets are bad, spread evenly.
fn twin(unit: &Unit, budgets: f64) -> Unit {
    let rate = (unit.budget * budgets).min(1.0);
    let mut seen = 0_u64;
    let counts = unit.counts.iter().map(|count| {
        let before = (seen as f64 * rate).floor() as u64;
        seen = seen.saturating_add(count.total);
        let bad = ((seen as f64 * rate).floor() as u64)
            .saturating_sub(before)
            .min(count.total);
        Count { bad, ..*count }
    });
    Unit {
        counts: counts.collect(),
        ..unit.clone()
    }
}

fn tested(units: &[Unit], budgets: f64, spreads: &[f64], terms: &Terms, now: Timestamp) -> Tested {
    let twins: Vec<Unit> = units.iter().map(|unit| twin(unit, budgets)).collect();
    breach::test(&twins, spreads, terms, now)
}

/// What is wrong with the judge, if it finds fault with a healthy service.
pub(super) fn healthy(units: &[Unit], spreads: &[f64], terms: &Terms, now: Timestamp) -> Vec<String> {
    let found = tested(units, HEALTHY, spreads, terms, now).breaches(units, terms);
    found
        .iter()
        .map(|breach| {
            format!(
                "a control misbehaved: {} fails although only half of its budget is spent",
                units[breach.unit]
            )
        })
        .collect()
}

/// Units of which five times the budget would not be found over the whole period: what is missing.
pub(super) fn unseen(units: &[Unit], spreads: &[f64], real: &Tested, terms: &Terms, now: Timestamp) -> Vec<String> {
    let burning = tested(units, BURNING, spreads, terms, now);
    let healthy = tested(units, HEALTHY, spreads, terms, now);
    let mut missing = Vec::new();
    for (at, unit) in units.iter().enumerate().filter(|(_, unit)| unit.prove) {
        let (_, events) = sum(within(unit, period(terms), now));
        if events == 0 || healthy.finds(at, &burning, terms) {
            continue;
        }
        let level = terms.alpha / real.count().max(1) as f64;
        let rate = (unit.budget * BURNING).min(1.0);
        let enough =
            binomial::events_to_find(rate, unit.budget, level).map(|enough| (enough * spreads[at]).ceil() as u64);
        let more = enough.map(|enough| enough.saturating_sub(events).max(1));
        let needed = more.map_or_else(
            || "no number of events is enough".to_owned(),
            |more| format!("{more} more are needed"),
        );
        missing.push(format!(
            "{BURNING} times the budget would not be found with {events} events of {unit}: {needed}"
        ));
    }
    missing
}
