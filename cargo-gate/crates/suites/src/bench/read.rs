//! Samples from the output of benchmarks: the lines of this tool's own format, those of cargo-criterion, of libtest, of divan, of
//! gungraun, and the document of hyperfine.
//!
//! The format is one JSON object in a line, `{"name": "parse", "unit": "ms", "samples": [1.2, 1.3]}`; lines of one name
//! add up. cargo-criterion writes `{"reason": "benchmark-complete", …}` with `--message-format json`: the fields are those of
//! `src/message_formats/json.rs` in its version 1.1.0. Its `id` is the title of the benchmark, which it makes unique.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::divan::Table;
use super::gungraun;
use super::hyperfine::{Command, Document, Part};
use super::unit::Unit;

/// The samples of one benchmark, in the unit that they are judged in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    pub(super) unit: Unit,
    /// What a number in the unit as it was written first is multiplied by.
    pub(super) factor: f64,
    pub(super) samples: Vec<f64>,
    /// What it was measured on and over, as the benchmark says.
    pub(super) conditions: Conditions,
}

/// What a number must have in common with another to be compared with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Conditions {
    device: Option<String>,
    dtype: Option<String>,
    shape: Option<String>,
    /// `native`, `sim`, `fallback`: what executed it.
    mode: Option<String>,
}

impl Conditions {
    /// The first that two measurements do not have in common, in words.
    pub(super) fn difference(&self, other: &Self) -> Option<String> {
        let all = |conditions: &Self| {
            let Self {
                device,
                dtype,
                shape,
                mode,
            } = conditions.clone();
            [("device", device), ("dtype", dtype), ("shape", shape), ("mode", mode)]
        };
        let said = |value: &Option<String>| {
            value
                .as_ref()
                .map_or_else(|| "none".to_owned(), |value| format!("`{value}`"))
        };
        let both = all(self).into_iter().zip(all(other));
        let mut different = both.filter(|((_, one), (_, other))| one != other);
        different
            .next()
            .map(|((name, one), (_, other))| format!("{name} {} next to {}", said(&one), said(&other)))
    }
}

/// What one process measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Readings {
    /// By name.
    pub(super) benchmarks: BTreeMap<String, Reading>,
    /// What was written and cannot be believed, as sentences.
    pub(super) problems: Vec<String>,
    /// Lines of libtest, kept apart: criterion repeats itself in this form when it is asked to.
    libtest: BTreeMap<String, f64>,
    /// Names that cargo-criterion has reported.
    complete: BTreeSet<String>,
    divan: Table,
    /// Names that divan has reported.
    tabulated: BTreeSet<String>,
    hyperfine: Document,
}

#[derive(Deserialize)]
struct Line {
    name: String,
    #[serde(default)]
    unit: String,
    samples: Vec<f64>,
    /// Whether the benchmark compared what it computed with what it must compute.
    verified: Option<bool>,
    #[serde(flatten)]
    conditions: Conditions,
}

#[derive(Deserialize)]
struct Complete {
    id: String,
    unit: String,
    iteration_count: Vec<f64>,
    measured_values: Vec<f64>,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(default)]
    reason: Option<String>,
    /// Of gungraun.
    #[serde(default)]
    profiles: Option<IgnoredAny>,
}

impl Readings {
    /// Takes in a line of output. Lines that are not measurements are passed over; a malformed measurement is a problem.
    pub(crate) fn line(&mut self, line: &str) {
        match self.hyperfine.line(line) {
            Part::Other => {}
            Part::Inside => return,
            Part::End(Ok(commands)) => return commands.into_iter().for_each(|command| self.command(command)),
            Part::End(Err(error)) => return self.say(format!("a document of hyperfine is malformed: {error}")),
        }
        if let Some((name, time)) = self.divan.line(line) {
            if self.tabulated.insert(name.clone()) {
                self.add(name, "ns", vec![time]);
            } else {
                self.twice(&name);
            }
            return;
        }
        let line = line.trim();
        if line.starts_with('{') {
            self.json(line);
        } else if let Some((name, time)) = libtest(line)
            && self.libtest.insert(name.to_owned(), time).is_some()
        {
            self.twice(name);
        }
    }

    fn command(&mut self, command: Command) {
        if !command.succeeded() {
            self.say(format!("`{}` failed in a run of hyperfine", command.name));
        }
        self.add(format!("{} (user)", command.name), "s", vec![command.user]);
        self.add(command.name, "s", command.times);
    }

    /// Two binaries have a benchmark of one name, and what is measured of one is lost or mixed with the other.
    pub(super) fn twice(&mut self, name: &str) {
        self.say(format!("`{name}` is measured by two binaries"));
    }

    /// Says once what is wrong in each round.
    pub(super) fn say(&mut self, problem: String) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    fn json(&mut self, line: &str) {
        let kind: Kind = match serde_json::from_str(line) {
            Ok(kind) => kind,
            Err(error) => return self.problem(line, &error),
        };
        if kind.profiles.is_some() {
            return match gungraun::read(line) {
                Ok((name, _)) if self.benchmarks.contains_key(&name) => self.twice(&name),
                Ok((name, count)) => self.add(name, "instructions", vec![count]),
                Err(why) => self.say(why),
            };
        }
        match kind.reason.as_deref() {
            None => match serde_json::from_str::<Line>(line) {
                Ok(line) => {
                    if line.verified == Some(false) {
                        self.say(format!(
                            "`{}` did not compute what it must, so its time does not count",
                            line.name
                        ));
                    }
                    self.add_under(line.name, Unit::named(&line.unit), line.samples, line.conditions);
                }
                Err(error) => self.problem(line, &error),
            },
            Some("benchmark-complete") => match serde_json::from_str::<Complete>(line) {
                Ok(complete) if !self.complete.insert(complete.id.clone()) => self.twice(&complete.id),
                Ok(complete) => match per_iteration(&complete.measured_values, &complete.iteration_count) {
                    Some(samples) => self.add(complete.id, &complete.unit, samples),
                    None => self
                        .problems
                        .push(format!("`{}` has samples without iterations", complete.id)),
                },
                Err(error) => self.problem(line, &error),
            },
            // Messages of cargo, and others of cargo-criterion.
            Some(_) => {}
        }
    }

    fn problem(&mut self, line: &str, error: &serde_json::Error) {
        let start: String = line.chars().take(60).collect();
        self.problems.push(format!("`{start}` is not a measurement: {error}"));
    }

    /// Adds samples of a benchmark.
    pub(super) fn add(&mut self, name: String, unit: &str, samples: Vec<f64>) {
        self.add_as(name, Unit::named(unit), samples);
    }

    /// Adds samples of a benchmark, in a unit that was made of its name.
    pub(super) fn add_as(&mut self, name: String, unit: (Unit, f64), samples: Vec<f64>) {
        self.add_under(name, unit, samples, Conditions::default());
    }

    fn add_under(&mut self, name: String, unit: (Unit, f64), samples: Vec<f64>, conditions: Conditions) {
        if samples.iter().any(|sample| !sample.is_finite() || *sample < 0.0) {
            self.problems
                .push(format!("`{name}` has a sample that is not a valid number"));
            return;
        }
        let (unit, factor) = unit;
        let samples = samples.into_iter().map(|sample| sample * factor);
        let samples = samples.collect();
        let reading = Reading {
            unit,
            factor,
            samples,
            conditions,
        };
        self.put(name, reading);
    }

    fn put(&mut self, name: String, reading: Reading) {
        match self.benchmarks.get_mut(&name) {
            None => {
                self.benchmarks.insert(name, reading);
            }
            Some(known) if known.unit != reading.unit => {
                self.problems.push(format!("`{name}` is measured in two units"));
            }
            Some(known) => match known.conditions.difference(&reading.conditions) {
                Some(difference) => self
                    .problems
                    .push(format!("`{name}` is incomparable with itself: {difference}")),
                None => known.samples.extend(reading.samples),
            },
        }
    }

    /// What is left when the output has ended. `repeated` are titles of which criterion's files have more than a line.
    pub(super) fn finish(mut self, repeated: &BTreeSet<String>) -> Self {
        self.complete.clear();
        self.tabulated.clear();
        if self.hyperfine.is_open() {
            self.say("the output ends within a document of hyperfine".to_owned());
        }
        self.hyperfine = Document::default();
        self.divan = Table::default();
        for (name, time) in std::mem::take(&mut self.libtest) {
            if !repeated.contains(&name) {
                self.add(name, "ns", vec![time]);
            }
        }
        self
    }
}

/// Values for each iteration. `None` where there is not one count for each value, or a count of none.
pub(super) fn per_iteration(values: &[f64], iterations: &[f64]) -> Option<Vec<f64>> {
    if values.len() != iterations.len() || iterations.iter().any(|count| *count <= 0.0) {
        return None;
    }
    Some(
        values
            .iter()
            .zip(iterations)
            .map(|(value, count)| value / count)
            .collect(),
    )
}

/// `test name ... bench:   1,234.5 ns/iter (+/- 67)`
fn libtest(line: &str) -> Option<(&str, f64)> {
    let (name, rest) = line.strip_prefix("test ")?.split_once("... bench:")?;
    let (number, _) = rest.split_once("ns/iter")?;
    let number: f64 = number.trim().replace(',', "").parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some((name.trim(), number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Readings {
        let mut readings = Readings::default();
        text.lines().for_each(|line| readings.line(line));
        readings.finish(&BTreeSet::new())
    }

    fn shown(readings: &Readings) -> String {
        let lines = readings
            .benchmarks
            .iter()
            .map(|(name, reading)| format!("{name}: {:?} {}\n", reading.samples, reading.unit.name()));
        lines
            .chain(readings.problems.iter().map(|problem| format!("! {problem}\n")))
            .collect()
    }

    #[test]
    fn each_form_is_read() {
        insta::assert_snapshot!(shown(&read(concat!(
            "   Compiling demo v0.1.0\n",
            "running 2 tests\n",
            "test parse::long ... bench:       1,234.50 ns/iter (+/- 21)\n",
            "test ignored ... ignored\n",
            "{\"name\": \"start\", \"unit\": \"ms\", \"samples\": [1.5]}\n",
            "{\"name\": \"start\", \"unit\": \"us\", \"samples\": [1600]}\n",
            "{\"name\": \"binary\", \"unit\": \"KiB\", \"samples\": [2]}\n",
            "{\"name\": \"hits\", \"unit\": \"of one\", \"samples\": [0.9]}\n",
            "{\"reason\":\"compiler-artifact\",\"target\":{}}\n",
            "{\"reason\":\"benchmark-complete\",\"id\":\"fib/20\",\"unit\":\"ns\",\"iteration_count\":[10,20],",
            "\"measured_values\":[100.0,220.0],\"mean\":{}}\n",
        ))), @"
        binary: [2048.0] bytes
        fib/20: [10.0, 11.0] ns
        hits: [0.9] of one
        parse::long: [1234.5] ns
        start: [1500000.0, 1600000.0] ns
        ");
    }

    #[test]
    fn what_cannot_be_believed_is_said() {
        insta::assert_snapshot!(shown(&read(concat!(
            "{\"name\": \"cut\", \"samples\": [1\n",
            "{\"name\": \"bare\"}\n",
            "{\"name\": \"minus\", \"samples\": [-1]}\n",
            "{\"name\": \"two\", \"unit\": \"ms\", \"samples\": [1]}\n",
            "{\"name\": \"two\", \"unit\": \"bytes\", \"samples\": [1]}\n",
            "{\"reason\":\"benchmark-complete\",\"id\":\"zero\",\"unit\":\"ns\",\"iteration_count\":[0],\"measured_values\":[1]}\n",
            "test same ... bench: 1 ns/iter (+/- 0)\n",
            "test same ... bench: 2 ns/iter (+/- 0)\n",
            "{\"reason\":\"benchmark-complete\",\"id\":\"both\",\"unit\":\"ns\",\"iteration_count\":[1],\"measured_values\":[1]}\n",
            "{\"reason\":\"benchmark-complete\",\"id\":\"both\",\"unit\":\"ns\",\"iteration_count\":[1],\"measured_values\":[9]}\n",
        ))), @r#"
        both: [1.0] ns
        same: [2.0] ns
        two: [1000000.0] ns
        ! `{"name": "cut", "samples": [1` is not a measurement: EOF while parsing a list at line 1 column 29
        ! `{"name": "bare"}` is not a measurement: missing field `samples` at line 1 column 16
        ! `minus` has a sample that is not a valid number
        ! `two` is measured in two units
        ! `zero` has samples without iterations
        ! `same` is measured by two binaries
        ! `both` is measured by two binaries
        "#);
    }

    /// As hyperfine 1.20.0 wrote it.
    #[test]
    fn the_document_of_hyperfine_is_read() {
        let document = |code: u8| {
            format!(
                "Benchmark 1: true\n  Time (mean ± σ):     896.4 µs\n\n{{\n  \"results\": [\n    {{\n      \"command\": \"true\",\n      \
                 \"mean\": 0.0009,\n      \"user\": 0.0008,\n      \"times\": [\n        0.001,\n        0.0008\n      ],\n      \
                 \"memory_usage_byte\": [\n        3313664\n      ],\n      \"exit_codes\": [\n        0,\n        {code}\n      ]\n    \
                 }}\n  ]\n}}\n"
            )
        };
        insta::assert_snapshot!(shown(&read(&document(0))), @"
        true: [1000000.0, 800000.0] ns
        true (user): [800000.0] ns
        ");
        assert_eq!(read(&document(1)).problems, ["`true` failed in a run of hyperfine"]);
        let cut = document(0).replace("\n}\n", "\n");
        assert_eq!(read(&cut).problems, ["the output ends within a document of hyperfine"]);
        let other = "{\n  \"a\": 1\n}\n";
        assert!(read(other).problems[0].starts_with("a document of hyperfine is malformed"));
    }

    #[test]
    fn a_benchmark_says_what_it_measured_on() {
        insta::assert_snapshot!(shown(&read(concat!(
            "{\"name\": \"gemm\", \"unit\": \"ns\", \"samples\": [1], \"device\": \"H200\", \"verified\": true}\n",
            "{\"name\": \"gemm\", \"unit\": \"ns\", \"samples\": [2], \"device\": \"T4\"}\n",
            "{\"name\": \"scan\", \"unit\": \"ns\", \"samples\": [2], \"verified\": false}\n",
        ))), @"
        gemm: [1.0] ns
        scan: [2.0] ns
        ! `gemm` is incomparable with itself: device `H200` next to `T4`
        ! `scan` did not compute what it must, so its time does not count
        ");
    }

    proptest! {
        #[test]
        fn any_output_is_read(lines in prop::collection::vec("\\PC{0,80}", 0..20)) {
            read(&lines.join("\n"));
        }
    }
}
