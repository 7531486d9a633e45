//! Counters as counters: what they grew by between two readings. Totals are never added up, and a counter that began again has its
//! new value as the least it can have grown by.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cell::{Counter, Problem};

/// Latest values by name and labels.
pub type Totals = BTreeMap<String, Last>;

/// The latest value of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Last {
    /// Its value.
    pub value: f64,
    /// When it was read.
    pub at: Timestamp,
}

/// What a counter grew by.
#[derive(Debug, Clone, PartialEq)]
pub struct Increment<'c> {
    /// The later reading.
    pub counter: &'c Counter,
    /// When the reading before it was; `None` where there was none.
    pub from: Option<Timestamp>,
    /// When the later one was.
    pub to: Timestamp,
    /// The difference.
    pub amount: f64,
}

/// What all counters grew by, since `before` and between their own readings.
#[derive(Debug, Default)]
pub struct Grown<'c> {
    /// The differences, for each counter in the order of time.
    pub increments: Vec<Increment<'c>>,
    /// The latest values.
    pub totals: Totals,
    /// Values that no counter has.
    pub problems: Vec<Problem>,
}

/// Follows every counter. One that was absent from the readings before and is there now began in between, at zero.
pub fn grown<'c>(counters: &[&'c Counter], all: &[Counter], before: &Totals, now: Timestamp) -> Grown<'c> {
    let mut grown = Grown {
        totals: before.clone(),
        ..Grown::default()
    };
    let mut by_key: BTreeMap<String, Vec<(Timestamp, &'c Counter)>> = BTreeMap::new();
    let mut times: BTreeSet<Timestamp> = before.values().map(|last| last.at).collect();
    for counter in counters.iter().copied() {
        let at = counter.at.unwrap_or(now);
        let problem = |message: String| Problem {
            line: counter.line,
            message,
        };
        if !counter.value.is_finite() || counter.value < 0.0 {
            let message = format!(
                "gives `{}` the value {}, which no counter has",
                counter.name, counter.value
            );
            grown.problems.push(problem(message));
        } else if at > now {
            grown.problems.push(problem(format!("is dated in the future, {at}")));
        } else {
            times.insert(at);
            by_key.entry(counter.key()).or_default().push((at, counter));
        }
    }
    let created = created(all, now);
    for (key, mut readings) in by_key {
        readings.sort_by_key(|(at, _)| *at);
        for (at, counter) in readings {
            let from = times.range(..at).next_back().copied();
            let began = created.get(&(family(&counter.name), &counter.labels, at));
            let amount = match grown.totals.get(&key) {
                Some(last) if last.at >= at => continue,
                Some(last) => {
                    let last_at = last.at.as_millisecond() as f64 / 1e3;
                    let again = counter.value < last.value || began.is_some_and(|began| *began > last_at);
                    Some(if again {
                        counter.value
                    } else {
                        counter.value - last.value
                    })
                }
                None => (counter.from_zero || from.is_some()).then_some(counter.value),
            };
            grown.totals.insert(
                key.clone(),
                Last {
                    value: counter.value,
                    at,
                },
            );
            if let Some(amount) = amount {
                grown.increments.push(Increment {
                    counter,
                    from,
                    to: at,
                    amount,
                });
            }
        }
    }
    grown
}

/// A family, its labels, and when it was read.
type Reading<'c> = (&'c str, &'c Vec<(String, String)>, Timestamp);

/// When counters began, in seconds since 1970, by the `_created` series of OpenMetrics.
fn created(all: &[Counter], now: Timestamp) -> BTreeMap<Reading<'_>, f64> {
    let series = all.iter().filter_map(|counter| {
        let family = counter.name.strip_suffix("_created")?;
        Some(((family, &counter.labels, counter.at.unwrap_or(now)), counter.value))
    });
    series.collect()
}

fn family(name: &str) -> &str {
    ["_total", "_count", "_bucket"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::slo::read::openmetrics;

    fn now() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn amounts(text: &str, before: &Totals) -> (Vec<f64>, Totals) {
        let reading = openmetrics::read(text);
        let selected: Vec<_> = reading
            .counters
            .iter()
            .filter(|counter| !counter.name.ends_with("_created"))
            .collect();
        let grown = grown(&selected, &reading.counters, before, now());
        assert_eq!(grown.problems, []);
        (
            grown.increments.iter().map(|found| found.amount).collect(),
            grown.totals,
        )
    }

    #[test]
    fn a_total_is_no_increase() {
        let (first, totals) = amounts("a_total 1000000\n", &Totals::new());
        assert_eq!(
            first, [0.0; 0],
            "what was counted before the first reading was not measured"
        );
        let earlier = totals.into_iter().map(|(key, last)| {
            let at = "2026-11-22T11:00:00Z".parse().unwrap();
            (key, Last { at, ..last })
        });
        let totals: Totals = earlier.collect();
        assert_eq!(amounts("a_total 1000007\n", &totals).0, [7.0]);
        assert_eq!(amounts("a_total 5\n", &totals).0, [5.0], "it began again");
        assert_eq!(
            amounts("a_total 1000007\nb_total 3\n", &totals).0,
            [7.0, 3.0],
            "one that is new began at zero"
        );
        // It began again and is already further than before.
        let text = "a_total 2000000\na_created 1795347000\n# EOF\n";
        assert_eq!(amounts(text, &totals).0, [2_000_000.0]);
        let text = "a_total 2000000\na_created 1795000000\n# EOF\n";
        assert_eq!(amounts(text, &totals).0, [1_000_000.0]);
    }

    #[test]
    fn a_dump_has_many_readings() {
        let dump = "a_total 5 1795300000\na_total 7 1795300060\na_total 2 1795300120\n# EOF\n";
        let (found, totals) = amounts(dump, &Totals::new());
        assert_eq!(found, [2.0, 2.0]);
        assert_eq!(
            amounts(dump, &totals).0,
            [0.0; 0],
            "the same dump again has nothing new"
        );
    }

    #[test]
    fn what_is_no_count_is_told() {
        let reading = openmetrics::read("a_total NaN\nb_total -1\nc_total 1 1895300000000\n");
        let selected: Vec<_> = reading.counters.iter().collect();
        let problems = grown(&selected, &[], &Totals::new(), now()).problems;
        let told: Vec<_> = problems
            .iter()
            .map(|problem| format!("{} {}", problem.line, problem.message))
            .collect();
        insta::assert_snapshot!(told.join("\n"), @"
        1 gives `a_total` the value NaN, which no counter has
        2 gives `b_total` the value -1, which no counter has
        3 is dated in the future, 2030-01-22T08:13:20Z
        ");
    }

    proptest! {
        /// Whatever the resets, what is found is never more than what happened, and all of it where there are none.
        #[test]
        fn no_more_than_what_happened(steps in prop::collection::vec((0_u32..50, prop::bool::weighted(0.2)), 1..40)) {
            let mut value = 10_u32;
            let mut text = String::from("a_total 10 1795300000\n");
            let (mut happened, mut resets) = (0, false);
            for (at, (step, reset)) in steps.iter().enumerate() {
                if *reset {
                    value = 0;
                    resets = true;
                }
                value += step;
                happened += step;
                text.push_str(&format!("a_total {value} {}\n", 1_795_300_060 + at * 60));
            }
            text.push_str("# EOF\n");
            let found: f64 = amounts(&text, &Totals::new()).0.iter().sum();
            prop_assert!(found <= f64::from(happened));
            prop_assert!(resets || found == f64::from(happened));
        }
    }
}
