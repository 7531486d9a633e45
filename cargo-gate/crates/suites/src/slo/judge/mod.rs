//! Counts against budgets: a pure function of what was counted, when, and what is promised of it.
//!
//! - **Fail**: the exact binomial probability of so many bad events under the budget is below the level of Holm, over all series and
//!   look-backs together.
//! - **Pass**: over the whole period, the Clopper-Pearson bound of the bad share is within the budget, for every series that needs it.
//! - **Inconclusive**: neither; it says how many events are missing.
//! - **Vacuous**: what was counted cannot answer: no events, a gap, a series that is missing, a control that misbehaved.
//!
//! Bad events that come in bursts count as bursts: both counts are divided by the dispersion, which is declared or estimated.

mod breach;
mod control;
mod coverage;
mod unit;

use std::collections::BTreeMap;

use jiff::Timestamp;

use gate_base::stats::binomial;
use gate_base::stats::dispersion::factor;

pub use breach::Breach;
pub use unit::{Count, Terms, Unit, length, percent, subject};
use unit::{period, sum, within};

/// The verdict of a suite of service levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every objective is shown to be kept.
    Pass,
    /// An objective is shown to be missed.
    Fail,
    /// It cannot be told yet: what is missing.
    Inconclusive(Vec<String>),
    /// What was measured cannot answer: why.
    Vacuous(Vec<String>),
}

/// What a unit showed over the whole period.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// Which one, by its place.
    pub unit: usize,
    /// Bad events.
    pub bad: u64,
    /// All events.
    pub events: u64,
    /// The smallest bad share that is excluded at the confidence of the terms.
    pub excluded: f64,
    /// How many bad events were taken to come together.
    pub dispersion: f64,
    /// How many events more are needed; `None` where no number is enough, 0 where these are.
    pub needed: Option<u64>,
}

/// What the counts say.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// What was found to exceed its budget, in the order of the units.
    pub breaches: Vec<Breach>,
    /// What was not measured.
    pub holes: Vec<String>,
    /// What each unit showed.
    pub levels: Vec<Level>,
    /// How many hypotheses were tested.
    pub tests: usize,
}

/// Judges all units together.
pub fn judge(units: &[Unit], terms: &Terms, now: Timestamp) -> Judgement {
    let spreads = spreads(units, terms, now);
    let tested = breach::test(units, &spreads, terms, now);
    let breaches = tested.breaches(units, terms);
    let levels: Vec<Level> = units
        .iter()
        .zip(&spreads)
        .enumerate()
        .map(|(at, (unit, spread))| level(at, unit, *spread, terms, now))
        .collect();
    let holes = coverage::holes(units, terms, now);
    let broken = control::healthy(units, &spreads, terms, now);
    let verdict = if !broken.is_empty() {
        Verdict::Vacuous(broken)
    } else if !breaches.is_empty() {
        Verdict::Fail
    } else if !holes.is_empty() {
        Verdict::Vacuous(holes.clone())
    } else {
        let mut missing: Vec<String> = coverage::history(units, terms, now).into_iter().collect();
        missing.extend(missing_events(units, &levels, terms));
        missing.extend(control::unseen(units, &spreads, &tested, terms, now));
        if missing.is_empty() {
            Verdict::Pass
        } else {
            Verdict::Inconclusive(missing)
        }
    };
    Judgement {
        verdict,
        breaches,
        holes,
        levels,
        tests: tested.count(),
    }
}

/// How many bad events come together, for each unit: as declared, else as the series of its objective show together; a sum, which
/// what several series share moves more, at least as it shows itself.
fn spreads(units: &[Unit], terms: &Terms, now: Timestamp) -> Vec<f64> {
    let counts = |unit: &Unit| -> Vec<(f64, f64)> {
        within(unit, period(terms), now)
            .map(|count| (count.bad as f64, count.total as f64))
            .collect()
    };
    let mut pooled: BTreeMap<&str, Option<f64>> = BTreeMap::new();
    let mut spreads = Vec::new();
    for unit in units {
        let pooled = *pooled.entry(&unit.objective).or_insert_with(|| {
            let series = units
                .iter()
                .filter(|other| other.sum_of == 1 && other.objective == unit.objective);
            factor(&series.map(counts).collect::<Vec<_>>())
        });
        let own = (unit.sum_of > 1).then(|| factor(&[counts(unit)])).flatten();
        spreads.push(unit.burst.unwrap_or(pooled.into_iter().chain(own).fold(1.0, f64::max)));
    }
    spreads
}

fn level(at: usize, unit: &Unit, dispersion: f64, terms: &Terms, now: Timestamp) -> Level {
    let (bad, events) = sum(within(unit, period(terms), now));
    let (n, k) = (events as f64 / dispersion, bad as f64 / dispersion);
    let excluded = binomial::upper_bound(k, n, terms.confidence);
    let needed = if excluded <= unit.budget {
        Some(0)
    } else {
        let seen = if events == 0 { 0.0 } else { bad as f64 / events as f64 };
        let enough = binomial::events_to_exclude(seen, unit.budget, terms.confidence);
        enough.map(|enough| ((enough * dispersion).ceil() as u64).saturating_sub(events).max(1))
    };
    Level {
        unit: at,
        bad,
        events,
        excluded,
        dispersion,
        needed,
    }
}

fn missing_events(units: &[Unit], levels: &[Level], terms: &Terms) -> Vec<String> {
    let short = levels
        .iter()
        .filter(|level| units[level.unit].prove && level.needed != Some(0));
    short
        .map(|level| {
            let unit = &units[level.unit];
            let seen = format!(
                "{} of {} events of {unit} were bad, and up to {} cannot be excluded at {}, more than the budget of {}",
                level.bad,
                level.events,
                percent(level.excluded),
                percent(terms.confidence),
                percent(unit.budget)
            );
            match level.needed {
                Some(more) => format!("{seen}: {more} more events at this rate are needed"),
                None => format!("{seen}: at this rate no number of events shows that it is kept"),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
