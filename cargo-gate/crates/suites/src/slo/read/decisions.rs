//! Decision logs of `gate-runtime`: how many calls fell back, missed a guard, ended in an error or compiled a module, by workload
//! and hour, and how long each took.
//!
//! Every workload is there in every hour of the log, with zeros where it was not called. The hour in which an unfinished
//! log ends is left out until it is over.

use std::collections::{BTreeMap, BTreeSet};

use gate_runtime::decision_log::read::{Event, Reader};
use gate_runtime::dispatch::Outcome;
use gate_runtime::reason::ReasonKind;
use jiff::Timestamp;

use super::super::cell::{Cell, Events, Reading, Series};

/// Microseconds of an hour.
const HOUR: u64 = 3_600_000_000;

/// Names of the measurements that count, as objectives name them.
pub const COUNTED: [&str; 4] = ["error", "fallback", "guard-miss", "recompile"];
/// Name of the measurement of times, in milliseconds.
pub const LATENCY: &str = "latency";

#[derive(Default)]
struct Hour {
    /// Bad and all events, in the order of [`COUNTED`].
    counts: [(u64, u64); 4],
    latency: Vec<f64>,
}

/// Reads a log from its first line on.
pub fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let mut hours: BTreeMap<(u64, String), Hour> = BTreeMap::new();
    let mut workloads = BTreeSet::new();
    let (mut first, mut last) = (None, 0);
    let mut reader = Reader::new(text.as_bytes());
    for (at, line) in reader.by_ref().enumerate() {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                let field = if error.field.is_empty() {
                    String::new()
                } else {
                    format!("`{}` ", error.field)
                };
                reading.problem(error.line, format!("{field}{}", error.problem));
                break;
            }
        };
        first.get_or_insert(line.ts);
        last = line.ts.max(last);
        match line.event {
            Event::Decision(decision) => {
                workloads.insert(decision.workload.clone());
                let hour = hours.entry((line.ts / HOUR, decision.workload)).or_default();
                let outcome = &decision.outcome;
                let guard = outcome.reason().kind() == ReasonKind::Guard;
                let fell_back = matches!(outcome, Outcome::Fallback(_));
                let failed = matches!(outcome, Outcome::Error(_));
                let native = matches!(outcome, Outcome::Native);
                let all = [
                    Some(failed),
                    Some(fell_back),
                    Some(guard),
                    native.then_some(!decision.cache_hit),
                ];
                for (count, bad) in hour.counts.iter_mut().zip(all) {
                    if let Some(bad) = bad {
                        count.0 += u64::from(bad);
                        count.1 += 1;
                    }
                }
                hour.latency.push(decision.latency_ms);
            }
            Event::Dropped {
                records,
                events,
                unwritten,
            } if records > 0 || events > 0 || unwritten > 0 => {
                let lost = records.saturating_add(events).saturating_add(unwritten);
                reading.problem(at + 1, format!("says that {lost} records are missing"));
            }
            _ => {}
        }
    }
    let Some(first) = first else { return reading };
    let complete = reader.is_complete();
    for hour in first / HOUR..=last / HOUR {
        let ends = ((hour + 1) * HOUR).min(if complete { last } else { u64::MAX });
        if !complete && hour == last / HOUR {
            break;
        }
        for workload in &workloads {
            let found = hours.remove(&(hour, workload.clone())).unwrap_or_default();
            let mut cell = |measurement: &str, events| {
                let series = Series {
                    measurement: measurement.to_owned(),
                    workload: workload.clone(),
                    tenant: String::new(),
                };
                let from = time((hour * HOUR).max(first));
                let to = time(ends);
                reading.cells.push(Cell {
                    series,
                    from,
                    to,
                    events,
                });
            };
            for (name, (bad, total)) in COUNTED.iter().zip(found.counts) {
                cell(
                    name,
                    Events::Counted {
                        good: total - bad,
                        total,
                    },
                );
            }
            cell(LATENCY, Events::Samples(found.latency));
        }
    }
    reading
}

fn time(microseconds: u64) -> Option<Timestamp> {
    Timestamp::from_microsecond(i64::try_from(microseconds).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = include_str!("../../../../../../tests/fixtures/decision-log.valid/clean/decision_log.jsonl");

    fn told(text: &str) -> String {
        let reading = read(text);
        let cells = reading.cells.iter().map(|cell| {
            let Series {
                measurement, workload, ..
            } = &cell.series;
            format!(
                "{measurement} {workload} {:?} to {:?}: {:?}",
                cell.from, cell.to, cell.events
            )
        });
        let problems = reading
            .problems
            .iter()
            .map(|problem| format!("line {}: {}", problem.line, problem.message));
        cells.chain(problems).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_log_is_counted_by_hour() {
        insta::assert_snapshot!(told(LOG), @"
        error axpy_f32 Some(2026-11-21T19:56:07.804518Z) to Some(2026-11-21T19:56:07.815487Z): Counted { good: 2, total: 3 }
        fallback axpy_f32 Some(2026-11-21T19:56:07.804518Z) to Some(2026-11-21T19:56:07.815487Z): Counted { good: 1, total: 3 }
        guard-miss axpy_f32 Some(2026-11-21T19:56:07.804518Z) to Some(2026-11-21T19:56:07.815487Z): Counted { good: 3, total: 3 }
        recompile axpy_f32 Some(2026-11-21T19:56:07.804518Z) to Some(2026-11-21T19:56:07.815487Z): Counted { good: 0, total: 0 }
        latency axpy_f32 Some(2026-11-21T19:56:07.804518Z) to Some(2026-11-21T19:56:07.815487Z): Samples([0.012479, 0.003245, 0.000922])
        ");
    }

    #[test]
    fn a_log_that_was_changed_says_where() {
        insta::assert_snapshot!(told(&LOG.replacen("\"call\":1,", "\"call\":7,", 1)).lines().last().unwrap_or_default(), @"line 3: `chain` does not match: the line was changed, or one before it was");
        assert_eq!(told("").lines().count(), 1);
        // An hour that is not over is not counted.
        let open: String = LOG.lines().take(3).map(|line| format!("{line}\n")).collect();
        assert_eq!(told(&open), "");
    }
}
