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

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use gate_report::Location;

use crate::statistics::binomial;
use crate::statistics::dispersion::factor;
pub use breach::Breach;

/// Events in a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Count {
    /// When it began, if that is known.
    pub from: Option<Timestamp>,
    /// When it ended.
    pub to: Timestamp,
    /// Bad events.
    pub bad: u64,
    /// All events.
    pub total: u64,
}

/// What is judged on its own: a series of an objective, or the sum of several.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// Name of the objective.
    pub objective: String,
    /// Workload; empty where there is none, or in a sum.
    pub workload: String,
    /// Tenant; empty where there is none, or in a sum.
    pub tenant: String,
    /// Of how many series it is the sum; 1 for a series.
    pub sum_of: usize,
    /// Part of the events that may be bad.
    pub budget: f64,
    /// How many bad events come together, where that is declared.
    pub burst: Option<f64>,
    /// Whether a pass needs its bound to be within the budget. Otherwise it must only not be found to exceed it.
    pub prove: bool,
    /// Whether it must be measured from the first measurement on, and not only since it appeared.
    pub declared: bool,
    /// Whether it is no longer measured, and need not be.
    pub former: bool,
    /// Its counts, in the order of time.
    pub counts: Vec<Count>,
    /// Where the objective is declared.
    pub location: Location,
}

/// How it is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// Times before now, ascending; the last one is the period of the promise.
    pub look_back: Vec<SignedDuration>,
    /// Longest time without a count.
    pub max_gap: SignedDuration,
    /// Longest time with counts but without an event.
    pub max_idle: SignedDuration,
    /// Shortest time that the counts span.
    pub min_history: SignedDuration,
    /// Probability of a fail although every budget is kept.
    pub alpha: f64,
    /// Confidence of the bound that a pass needs.
    pub confidence: f64,
}

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
        if missing.is_empty() { Verdict::Pass } else { Verdict::Inconclusive(missing) }
    };
    Judgement {
        verdict,
        breaches,
        holes,
        levels,
        tests: tested.count(),
    }
}

/// The period of the promise.
fn period(terms: &Terms) -> SignedDuration {
    terms.look_back.last().copied().unwrap_or_default()
}

/// The counts of a time before now. One that began before it belongs to it when half of it lies inside, and never when it is longer.
fn within(unit: &Unit, look_back: SignedDuration, now: Timestamp) -> impl Iterator<Item = &Count> {
    unit.counts.iter().filter(move |count| {
        let from = count.from.unwrap_or(count.to);
        let length = count.to.duration_since(from);
        let middle = now.duration_since(from).saturating_add(now.duration_since(count.to)) / 2;
        length <= look_back && middle <= look_back && count.to <= now
    })
}

/// Bad events, and all events.
fn sum<'c>(counts: impl Iterator<Item = &'c Count>) -> (u64, u64) {
    counts.fold((0, 0), |(bad, total), count| {
        (u64::saturating_add(bad, count.bad), u64::saturating_add(total, count.total))
    })
}

/// How many bad events come together, for each unit: as declared, else as the series of its objective show together; a sum, which
/// what several series share moves more, at least as it shows itself.
fn spreads(units: &[Unit], terms: &Terms, now: Timestamp) -> Vec<f64> {
    let counts = |unit: &Unit| -> Vec<(f64, f64)> {
        within(unit, period(terms), now).map(|count| (count.bad as f64, count.total as f64)).collect()
    };
    let mut pooled: BTreeMap<&str, Option<f64>> = BTreeMap::new();
    let spread = |unit| {
        let Unit { objective, burst, sum_of, .. } = unit;
        let pooled = *pooled.entry(objective).or_insert_with(|| {
            let series = units.iter().filter(|unit| unit.sum_of == 1 && unit.objective == *objective);
            factor(&series.map(counts).collect::<Vec<_>>())
        });
        let own = (*sum_of > 1).then(|| factor(&[counts(unit)])).flatten();
        burst.unwrap_or(pooled.into_iter().chain(own).fold(1.0, f64::max))
    };
    units.iter().map(spread).collect()
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
    let short = levels.iter().filter(|level| units[level.unit].prove && level.needed != Some(0));
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

/// The workload and tenant as part of a sentence.
pub fn subject(workload: &str, tenant: &str) -> String {
    let named = [("workload", workload), ("tenant", tenant)];
    let parts = named.iter().filter(|(_, name)| !name.is_empty()).map(|(what, name)| format!("{what} `{name}`"));
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { String::new() } else { format!(" of {}", parts.join(", ")) }
}

impl std::fmt::Display for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`", self.objective)?;
        if self.sum_of > 1 {
            return write!(f, ", all {} together,", self.sum_of);
        }
        f.write_str(&subject(&self.workload, &self.tenant))
    }
}

/// A share in percent, with three digits that count.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    let digits = if value <= 0.0 { 0 } else { (2 - value.log10().floor() as i32).clamp(0, 8) };
    let text = format!("{value:.*}", digits as usize);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} %")
}

/// A time in the largest unit that divides it.
pub fn length(time: SignedDuration) -> String {
    let seconds = time.as_secs();
    for (unit, name) in [(86_400, "d"), (3600, "h"), (60, "min")] {
        if seconds >= unit && seconds % unit == 0 {
            return format!("{} {name}", seconds / unit);
        }
    }
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{:.1} h", seconds as f64 / 3600.0),
        _ => format!("{:.1} d", seconds as f64 / 86_400.0),
    }
}

#[cfg(test)]
mod tests;
