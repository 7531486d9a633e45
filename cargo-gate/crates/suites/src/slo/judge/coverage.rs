//! What was not measured: gaps, series that are missing, times without events. None of it can pass.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::unit::{Count, Terms, Unit, length, period, sum, within};

/// Part of the windows of its neighbours that a series must be in.
const PRESENT: f64 = 0.9;

/// Why the counts cannot answer, as sentences.
pub(super) fn holes(units: &[Unit], terms: &Terms, now: Timestamp) -> Vec<String> {
    let mut holes = Vec::new();
    if units.is_empty() {
        holes.push("nothing was measured".to_owned());
    }
    let mut most: BTreeMap<&str, (usize, Timestamp)> = BTreeMap::new();
    for unit in units.iter().filter(|unit| unit.sum_of == 1) {
        let counts: Vec<&Count> = within(unit, period(terms), now).collect();
        let Some(first) = counts.first() else { continue };
        let best = most.entry(&unit.objective).or_insert((0, first.to));
        best.0 = best.0.max(counts.len());
        best.1 = best.1.min(first.to);
    }
    for unit in units {
        let counts: Vec<&Count> = within(unit, period(terms), now).collect();
        let (_, events) = sum(counts.iter().copied());
        let began = most.get(unit.objective.as_str()).map(|(_, began)| *began);
        if counts.is_empty() {
            if !unit.former {
                holes.push(format!("{unit} was not measured in the last {}", length(period(terms))));
            }
            continue;
        }
        if events == 0 && (unit.prove || unit.declared) {
            let times = counts.len();
            let noun = if times == 1 { "time" } else { "times" };
            holes.push(format!(
                "{unit} was measured {times} {noun} and had no event: a service that is down has none either"
            ));
            continue;
        }
        if unit.former {
            continue;
        }
        holes.extend(gap(unit, &counts, began.filter(|_| unit.declared), terms, now));
        if unit.prove {
            holes.extend(idle(unit, &counts, terms));
        }
        if unit.sum_of == 1 {
            holes.extend(absent(unit, &counts, units, terms, now));
        }
    }
    holes
}

/// The longest time without a count, if it is too long.
fn gap(unit: &Unit, counts: &[&Count], began: Option<Timestamp>, terms: &Terms, now: Timestamp) -> Option<String> {
    let start = |count: &Count| count.from.unwrap_or(count.to);
    let between = counts.windows(2).map(|pair| (pair[0].to, start(pair[1])));
    let first = began.map(|began| (began, start(counts[0])));
    let last = (counts[counts.len() - 1].to, now);
    let gaps = between.chain(first).chain([last]);
    let (from, to) = gaps.max_by_key(|(from, to)| to.duration_since(*from))?;
    let gap = to.duration_since(from);
    (gap > terms.max_gap).then(|| {
        let until = if to == now {
            "up to now".to_owned()
        } else {
            format!("until {to:.0}")
        };
        format!(
            "{unit} was not measured from {from:.0} {until}, {}; at most {} may be missing (`max-gap`)",
            length(gap),
            length(terms.max_gap)
        )
    })
}

/// The longest time with counts but without an event, if it is too long.
fn idle(unit: &Unit, counts: &[&Count], terms: &Terms) -> Option<String> {
    let mut longest: Option<(SignedDuration, Timestamp, Timestamp)> = None;
    let mut busy = counts.first()?.from.unwrap_or(counts[0].to);
    for count in counts {
        if count.total > 0 {
            busy = count.to;
            continue;
        }
        let idle = count.to.duration_since(busy);
        if longest.is_none_or(|(known, ..)| idle > known) {
            longest = Some((idle, busy, count.to));
        }
    }
    let (idle, from, to) = longest.filter(|(idle, ..)| *idle > terms.max_idle)?;
    Some(format!(
        "{unit} had no event from {from:.0} until {to:.0}, {}, although it was measured; at most {} may be without (`max-idle`)",
        length(idle),
        length(terms.max_idle)
    ))
}

/// Whether a series is missing in windows in which another one of the same objective was measured.
fn absent(unit: &Unit, counts: &[&Count], units: &[Unit], terms: &Terms, now: Timestamp) -> Option<String> {
    let since = if unit.declared {
        Timestamp::MIN
    } else {
        counts.first()?.to
    };
    let others = units
        .iter()
        .filter(|other| other.sum_of == 1 && other.objective == unit.objective);
    let windows = others
        .map(|other| {
            within(other, period(terms), now)
                .filter(|count| count.to >= since)
                .count()
        })
        .max()?;
    let missing = windows.saturating_sub(counts.len());
    (missing as f64 > windows as f64 * (1.0 - PRESENT))
        .then(|| format!("{unit} is missing in {missing} of {windows} windows in which others were measured"))
}

/// How much longer has to be measured, if the counts span too little.
pub(super) fn history(units: &[Unit], terms: &Terms, now: Timestamp) -> Option<String> {
    let counts = units.iter().flat_map(|unit| within(unit, period(terms), now));
    let first = counts.map(|count| count.from.unwrap_or(count.to)).min()?;
    let span = now.duration_since(first);
    (span < terms.min_history).then(|| {
        format!(
            "the measurements span {}, and {} are needed (`min-history`)",
            length(span),
            length(terms.min_history)
        )
    })
}
