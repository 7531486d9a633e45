//! Numbers against limits that no other side has a part in: `at-most`, `at-least`, and the ratio to another benchmark of the same
//! process.
//!
//! With five processes or more, each counts as one; fewer show nothing of how processes differ, so that each has to keep the limit by
//! its own samples. Bounds of a median are order statistics at 95 %; those of a ratio are the bounds of both medians, divided.

use gate_base::stats::{bounds_of_median, median};
use gate_policy::BenchPolicy;

use super::super::read::Reading;
use super::super::table::{Benchmark, QUARTER};
use super::super::unit::{Unit, significant};

/// Probability that a median lies beyond one of its bounds.
const BEYOND: f64 = 0.05;
/// Processes, or samples, that have a bound at that probability: all five on one side are one of 32.
const FEWEST: usize = 5;

/// What bounds say of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Kept,
    Broken,
    Open,
}

/// A limit, and how the benchmark stands to it.
#[derive(Debug)]
pub(super) struct Bounded {
    /// Continues its name.
    pub(super) message: String,
    pub(super) verdict: Verdict,
    /// The ratio, where it is one, and its limit.
    pub(super) ratio: Option<(f64, f64)>,
    pub(super) bounds: Option<(f64, f64)>,
}

/// A value between its bounds.
#[derive(Debug, Clone, Copy)]
struct Interval {
    low: f64,
    value: f64,
    high: f64,
}

/// All limits of a benchmark. `ratios` tells whether those to another benchmark of the same process are among them.
pub(super) fn bounds(policy: &BenchPolicy, benchmark: &Benchmark<'_>, ratios: bool) -> Vec<Bounded> {
    let mut found = Vec::new();
    if ratios && let Some(beside) = &benchmark.beside {
        let pairs: Vec<(&Reading, &Reading)> = benchmark.measured.iter().copied().zip(beside.iter().copied()).collect();
        for compared in benchmark.compared(policy, QUARTER) {
            let intervals = over(&pairs, |(one, other)| {
                let ratio = middle(one)? / middle(other)?;
                ratio.is_finite().then_some(ratio)
            })
            .or_else(|| {
                pairs
                    .iter()
                    .map(|(one, other)| quotient(of(one)?, of(other)?))
                    .collect()
            });
            let shown = |value: f64| significant(value);
            let mut bounded = bounded(
                intervals,
                compared.limit,
                compared.larger_is_worse,
                " times its reference",
                &shown,
            );
            bounded.ratio = bounded.ratio.map(|(value, _)| (value, compared.limit));
            found.push(bounded);
        }
    }
    let declared = [
        (benchmark.policy.and_then(|metric| metric.at_most), true),
        (benchmark.policy.and_then(|metric| metric.at_least), false),
    ];
    for (limit, largest) in declared {
        let Some(limit) = limit.map(|limit| limit * benchmark.factor) else {
            continue;
        };
        let intervals = over(&benchmark.measured, |reading| middle(reading))
            .or_else(|| benchmark.measured.iter().map(|reading| of(reading)).collect());
        let shown = |value: f64| benchmark.unit.shown(value);
        let mut bounded = bounded(intervals, limit, largest, "", &shown);
        bounded.ratio = None;
        found.push(bounded);
    }
    found
}

fn middle(reading: &Reading) -> Option<f64> {
    median(&reading.samples)
}

/// One interval over processes, where there are enough of them.
fn over<T>(processes: &[T], value: impl Fn(&T) -> Option<f64>) -> Option<Vec<Interval>> {
    let values: Vec<f64> = processes.iter().map(value).collect::<Option<_>>()?;
    let (low, high) = (values.len() >= FEWEST).then(|| bounds_of_median(&values, BEYOND))??;
    let value = median(&values)?;
    Some(vec![Interval { low, value, high }])
}

/// The interval of a process by its own samples. What has no clock may have one sample; several that differ all count.
fn of(reading: &Reading) -> Option<Interval> {
    let value = middle(reading)?;
    if let Some((low, high)) = bounds_of_median(&reading.samples, BEYOND) {
        return Some(Interval { low, value, high });
    }
    let timed = matches!(reading.unit, Unit::Time | Unit::Rate(_) | Unit::Cost(_));
    let least = reading.samples.iter().copied().fold(f64::INFINITY, f64::min);
    let most = reading.samples.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (!timed).then_some(Interval {
        low: least,
        value,
        high: most,
    })
}

fn quotient(one: Interval, other: Interval) -> Option<Interval> {
    if one.high == 0.0 && other.high == 0.0 {
        return Some(Interval {
            low: 1.0,
            value: 1.0,
            high: 1.0,
        });
    }
    let quotient = Interval {
        low: one.low / other.high,
        value: one.value / other.value,
        high: one.high / other.low,
    };
    (quotient.high.is_finite() && quotient.value.is_finite()).then_some(quotient)
}

fn bounded(
    intervals: Option<Vec<Interval>>,
    limit: f64,
    largest: bool,
    what: &str,
    shown: &dyn Fn(f64) -> String,
) -> Bounded {
    let Some(intervals) = intervals.filter(|intervals| !intervals.is_empty()) else {
        return Bounded {
            message: format!("has fewer than {FEWEST} samples in a process, which bound nothing"),
            verdict: Verdict::Open,
            ratio: None,
            bounds: None,
        };
    };
    let kept = |interval: &Interval| {
        if largest {
            interval.high <= limit
        } else {
            interval.low >= limit
        }
    };
    let broken = |interval: &Interval| {
        if largest {
            interval.low > limit
        } else {
            interval.high < limit
        }
    };
    let verdict = if intervals.iter().all(kept) {
        Verdict::Kept
    } else if intervals.iter().all(broken) {
        Verdict::Broken
    } else {
        Verdict::Open
    };
    let low = intervals
        .iter()
        .map(|interval| interval.low)
        .fold(f64::INFINITY, f64::min);
    let high = intervals
        .iter()
        .map(|interval| interval.high)
        .fold(f64::NEG_INFINITY, f64::max);
    let values: Vec<f64> = intervals.iter().map(|interval| interval.value).collect();
    let value = median(&values).unwrap_or(low);
    let range = if low == high {
        String::new()
    } else {
        format!(" ({} to {})", shown(low), shown(high))
    };
    let bound = if largest { "at most" } else { "at least" };
    let mut message = format!("is {}{what}{range}; {bound} {} is allowed", shown(value), shown(limit));
    if verdict == Verdict::Open {
        message.push_str(": the limit lies within its bounds");
    }
    Bounded {
        message,
        verdict,
        ratio: Some((value, limit)),
        bounds: Some((low, high)),
    }
}
