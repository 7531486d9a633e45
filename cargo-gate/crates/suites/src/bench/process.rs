//! What the system counts of a whole process.

use gate_base::process::ProcessEnd;
use gate_base::process::usage::{self, Usage};
use gate_policy::{BenchPolicy, ProcessMetric};
use gate_report::Reason;

use super::read::Readings;
use super::unit::Unit;

/// Why this program cannot measure what a suite asks for.
pub(super) fn unmeasurable(policy: &BenchPolicy) -> Option<Reason> {
    let beyond = policy.process.iter().find(|metric| **metric != ProcessMetric::Wall)?;
    if usage::possible() {
        return None;
    }
    let name = beyond.name();
    let (why, help) = if cfg!(windows) {
        (
            "on Windows",
            "run the suite on Linux or macOS, or write `process = [\"wall\"]`",
        )
    } else {
        (
            "by a program that embeds the gate without its helper",
            "run it with `cargo gate`",
        )
    };
    let reason = Reason::new("not_measured", format!("`{name}` of a process is not measured {why}"));
    Some(reason.help(help))
}

/// Whether a helper has to start the command.
pub(super) fn helped(policy: &BenchPolicy) -> bool {
    !policy.process.is_empty() && usage::possible()
}

/// Adds what the policy asks for. `usage` is what the helper reported, if it started the command.
pub(super) fn add(policy: &BenchPolicy, end: &ProcessEnd, usage: Option<Usage>, readings: &mut Readings) {
    for metric in &policy.process {
        let value = match (metric, usage) {
            (ProcessMetric::Wall, Some(usage)) => Ok(seconds(usage.wall)),
            (ProcessMetric::Wall, None) if !helped(policy) => Ok(end.duration.as_secs_f64()),
            (ProcessMetric::User, Some(usage)) => Ok(seconds(usage.user)),
            (ProcessMetric::Memory, Some(usage)) => memory(usage),
            (_, None) => Err("was not reported".to_owned()),
        };
        let name = metric.name();
        if readings.benchmarks.contains_key(name) {
            readings.say(format!("`{name}` of the process is the name of a benchmark too"));
            continue;
        }
        match value {
            Ok(value) if *metric == ProcessMetric::Memory => {
                readings.add_as(name.to_owned(), (Unit::Memory, MEBIBYTE), vec![value]);
            }
            Ok(value) => readings.add(name.to_owned(), "s", vec![value]),
            Err(why) => readings.say(format!("`{name}` of the process {why}")),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of up to 104 days are exact")]
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

const MEBIBYTE: f64 = 1_048_576.0;

/// The peak in MiB, if it is that of the command: a smaller one than that of the helper cannot be seen.
#[expect(clippy::cast_precision_loss, reason = "bytes of up to 8 PiB are exact")]
fn memory(usage: Usage) -> Result<f64, String> {
    if usage.memory > usage.least {
        return Ok(usage.memory as f64 / MEBIBYTE);
    }
    let least = Unit::Memory.shown(usage.least as f64);
    Err(format!(
        "is unknown, because it does not exceed the {least} of the process that starts it"
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::tests::process_policy;
    use super::*;

    #[test]
    fn each_metric_has_its_own_number() {
        let policy = process_policy(&[ProcessMetric::Memory, ProcessMetric::User, ProcessMetric::Wall]);
        let report = "{\"exit_code\":0,\"signal\":null,\"wall\":3000,\"user\":2000,\"memory\":4096,\"least\":1024}";
        let end = ProcessEnd {
            exit_code: Some(0),
            signal: None,
            timed_out: false,
            cancelled: false,
            duration: Duration::from_secs(9),
        };
        let mut readings = Readings::default();
        add(&policy, &end, serde_json::from_str(report).ok(), &mut readings);
        let all = readings.benchmarks.iter();
        let all: Vec<_> = all
            .map(|(name, reading)| (name.as_str(), &reading.unit, reading.samples.as_slice()))
            .collect();
        let expected: [(&str, &Unit, &[f64]); 3] = [
            ("memory", &Unit::Memory, &[4096.0]),
            ("user", &Unit::Time, &[2000.0]),
            ("wall", &Unit::Time, &[3000.0]),
        ];
        assert_eq!(all, expected);
        assert!(readings.problems.is_empty(), "{:?}", readings.problems);
    }
}
