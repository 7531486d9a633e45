//! JSON lines: one measurement each, for a workload and a tenant, and for a time.

use jiff::Timestamp;
use serde::Deserialize;

use super::super::cell::{Cell, Events, Reading, Series};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    #[serde(default)]
    workload: String,
    #[serde(default)]
    tenant: String,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    good: Option<u64>,
    total: Option<u64>,
    samples: Option<Vec<f64>>,
    demand: Option<u64>,
    served: Option<u64>,
    waits: Option<Vec<f64>>,
    /// For people.
    #[serde(rename = "unit")]
    _unit: Option<String>,
}

/// Reads the lines. Empty ones are left out; every other is a measurement or a problem.
pub fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        match cell(line) {
            Ok(cell) => reading.cells.push(cell),
            Err(why) => reading.problem(at + 1, why),
        }
    }
    reading
}

fn cell(line: &str) -> Result<Cell, String> {
    let line: Line = serde_json::from_str(line).map_err(|error| format!("is not a measurement: {error}"))?;
    if let (Some(from), Some(to)) = (line.from, line.to)
        && from > to
    {
        return Err("ends before it begins".to_owned());
    }
    if line.from.is_some() && line.to.is_none() {
        return Err("has `from` without `to`".to_owned());
    }
    let finite = |samples: &[f64]| samples.iter().all(|sample| sample.is_finite());
    let events = match (line.good, line.total, line.samples, line.demand, line.served) {
        (Some(good), Some(total), None, None, None) if good <= total => Events::Counted { good, total },
        (Some(_), Some(_), None, None, None) => return Err("has more good events than events".to_owned()),
        (None, None, Some(samples), None, None) if finite(&samples) => Events::Samples(samples),
        (None, None, None, Some(demand), Some(served)) => {
            let waits = line.waits.unwrap_or_default();
            if served > demand {
                return Err("more is served than was demanded".to_owned());
            }
            if !finite(&waits) || waits.iter().any(|wait| *wait < 0.0) {
                return Err("has a wait that is not a duration".to_owned());
            }
            Events::Queue { demand, served, waits }
        }
        _ => return Err("has neither `good` and `total`, nor `samples`, nor `demand` and `served`".to_owned()),
    };
    Ok(Cell {
        series: Series {
            measurement: line.name,
            workload: line.workload,
            tenant: line.tenant,
        },
        from: line.from,
        to: line.to,
        events,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_line_is_a_measurement() {
        let reading = read(concat!(
            "{\"name\": \"ok\", \"good\": 9, \"total\": 10}\n\n",
            "{\"name\": \"ms\", \"unit\": \"ms\", \"samples\": [1, 2.5]}\r\n",
            "{\"name\": \"ok\", \"tenant\": \"a\", \"from\": \"2026-11-22T01:00:00Z\", \"to\": \"2026-11-22T02:00:00Z\", \"good\": 1, \
             \"total\": 2}\n",
            "{\"name\": \"queue\", \"tenant\": \"a\", \"demand\": 3, \"served\": 2, \"waits\": [0.5]}\n",
        ));
        assert_eq!(reading.problems, []);
        assert_eq!(reading.cells.len(), 4);
        assert_eq!(reading.cells[0].events, Events::Counted { good: 9, total: 10 });
        assert_eq!(reading.cells[1].events, Events::Samples(vec![1.0, 2.5]));
        assert_eq!(reading.cells[2].series.tenant, "a");
        assert_eq!(reading.cells[2].from, Some("2026-11-22T01:00:00Z".parse().unwrap()));
    }

    #[test]
    fn what_cannot_be_believed_has_its_line() {
        let reading = read(concat!(
            "warming up\n",
            "{\"name\": \"a\", \"good\": 3, \"total\": 2}\n",
            "{\"name\": \"a\", \"good\": 3}\n",
            "{\"name\": \"a\", \"samples\": [1e999]}\n",
            "{\"name\": \"a\", \"good\": 1, \"total\": 1, \"tennant\": \"x\"}\n",
            "{\"name\": \"a\", \"good\": 1, \"total\": -1}\n",
            "{\"name\": \"a\", \"good\": 1, \"total\": 1, \"from\": \"2026-11-22T03:00:00Z\", \"to\": \"2026-11-22T02:00:00Z\"}\n",
            "{\"name\": \"a\", \"demand\": 1, \"served\": 2}\n",
            "{\"name\": \"a\", \"good\": 1, \"tot",
        ));
        let problems = reading
            .problems
            .iter()
            .map(|problem| format!("line {} {}", problem.line, problem.message));
        insta::assert_snapshot!(problems.collect::<Vec<_>>().join("\n"), @"
        line 1 is not a measurement: expected value at line 1 column 1
        line 2 has more good events than events
        line 3 has neither `good` and `total`, nor `samples`, nor `demand` and `served`
        line 4 is not a measurement: number out of range at line 1 column 31
        line 5 is not a measurement: unknown field `tennant`, expected one of `name`, `workload`, `tenant`, `from`, `to`, `good`, `total`, `samples`, `demand`, `served`, `waits`, `unit` at line 1 column 46
        line 6 is not a measurement: invalid value: integer `-1`, expected u64 at line 1 column 36
        line 7 ends before it begins
        line 8 more is served than was demanded
        line 9 is not a measurement: EOF while parsing a string at line 1 column 29
        ");
        assert_eq!(reading.cells, []);
    }

    proptest! {
        #[test]
        fn every_line_is_read_or_told(text in "[^\n]{0,60}(\n[^\n]{0,60}){0,5}") {
            let reading = read(&text);
            let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
            prop_assert_eq!(reading.cells.len() + reading.problems.len(), lines);
        }
    }
}
