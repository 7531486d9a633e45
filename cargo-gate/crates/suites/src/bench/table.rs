//! What processes measured, in pairs, and what each benchmark has to keep.

use std::collections::BTreeMap;

use gate_base::stats::sequential::Allowed;
use gate_base::stats::{median, quantile};
use gate_policy::{BenchPolicy, MetricPolicy};

use super::read::{Reading, Readings};
use super::unit::Unit;

/// What both sides measured, process by process: those of one place in the two lists are a pair.
#[derive(Debug, Default)]
pub(super) struct Series {
    /// The command.
    pub(super) measured: Vec<Readings>,
    /// Its reference; `None` where the suite has none.
    pub(super) reference: Option<Vec<Readings>>,
}

/// A ratio that is judged.
#[derive(Debug, Clone)]
pub(super) struct Compared {
    /// Logarithms of what speaks for each process, larger where it is worse.
    pub(super) own: Vec<f64>,
    /// The same of what it is compared with.
    pub(super) other: Vec<f64>,
    /// Their differences, one for each pair: above zero where the benchmark is worse.
    pub(super) differences: Vec<f64>,
    pub(super) allowed: Allowed,
    /// The ratio of the policy.
    pub(super) limit: f64,
    /// Whether a larger ratio is worse.
    pub(super) larger_is_worse: bool,
    /// Whether it is compared with the other side, not with another benchmark of its own process.
    pub(super) other_side: bool,
    /// Whether each side has one value in all its processes, so that nothing is left to chance.
    pub(super) exact: bool,
}

impl Compared {
    /// A difference as the ratio that it is.
    pub(super) fn ratio(&self, difference: f64) -> f64 {
        if self.larger_is_worse { difference } else { -difference }.exp()
    }

    /// Bounds of differences as bounds of the ratio.
    pub(super) fn ratios(&self, (low, high): (f64, f64)) -> (f64, f64) {
        if self.larger_is_worse {
            (low.exp(), high.exp())
        } else {
            ((-high).exp(), (-low).exp())
        }
    }
}

/// Which part of the samples of a process speaks for it: the quarter that is best is disturbed least.
pub(super) const QUARTER: f64 = 0.25;
/// The part that sees what is slow only now and then.
pub(super) const TAIL: f64 = 0.9;

/// A benchmark of all processes.
#[derive(Debug)]
pub(super) struct Benchmark<'a> {
    pub(super) unit: &'a Unit,
    pub(super) factor: f64,
    pub(super) policy: Option<&'a MetricPolicy>,
    /// By process.
    pub(super) measured: Vec<&'a Reading>,
    /// What it is compared with, by process.
    pub(super) beside: Option<Vec<&'a Reading>>,
    /// Whether that is the other side.
    pub(super) other_side: bool,
}

impl<'a> Benchmark<'a> {
    /// All benchmarks by name, of processes that measured the same.
    pub(super) fn all(policy: &'a BenchPolicy, series: &'a Series) -> BTreeMap<&'a str, Self> {
        let Some(first) = series.measured.first() else {
            return BTreeMap::new();
        };
        let of = |processes: &'a [Readings], name: &str| -> Option<Vec<&'a Reading>> {
            processes.iter().map(|process| process.benchmarks.get(name)).collect()
        };
        let known = first.benchmarks.iter();
        known
            .filter_map(|(name, reading)| {
                let metric = policy.metric(name);
                let own = metric.and_then(|metric| metric.reference.as_deref());
                let beside = match own {
                    Some(own) => of(&series.measured, own),
                    None => series.reference.as_ref().and_then(|reference| of(reference, name)),
                };
                let benchmark = Self {
                    unit: &reading.unit,
                    factor: reading.factor,
                    policy: metric,
                    measured: of(&series.measured, name)?,
                    beside,
                    other_side: own.is_none(),
                };
                Some((name.as_str(), benchmark))
            })
            .collect()
    }

    /// All samples of one side.
    pub(super) fn samples(readings: &[&Reading]) -> Vec<f64> {
        readings
            .iter()
            .flat_map(|reading| reading.samples.iter().copied())
            .collect()
    }

    /// Why a ratio of the two says nothing, however often they are measured.
    pub(super) fn incomparable(&self) -> Option<String> {
        let beside = self.beside.as_ref()?.first()?;
        let first = self.measured.first()?;
        if beside.unit != *self.unit {
            let (own, other) = (self.unit.name(), beside.unit.name());
            return Some(format!("is measured in {own}, but its reference in {other}"));
        }
        let difference = first.conditions.difference(&beside.conditions)?;
        Some(format!("is incomparable with its reference: {difference}"))
    }

    /// Which part of the samples of a process must not be zero, or there is no ratio.
    pub(super) fn part(&self) -> f64 {
        let smallest_only = self.policy.is_none_or(|metric| metric.max_ratio.is_none());
        if matches!(self.unit, Unit::Rate(_)) && smallest_only {
            1.0 - QUARTER
        } else {
            QUARTER
        }
    }

    /// The ratios that are judged: of a part of the samples of each process, such as the best quarter.
    pub(super) fn compared(&self, policy: &BenchPolicy, part: f64) -> Vec<Compared> {
        let Some(beside) = &self.beside else {
            return Vec::new();
        };
        let declared = |get: fn(&MetricPolicy) -> Option<f64>| self.policy.and_then(get);
        let (largest, smallest) = (declared(|metric| metric.max_ratio), declared(|metric| metric.min_ratio));
        let budget = match self.unit {
            Unit::Time | Unit::Cost(_) => Some((policy.time, true)),
            Unit::Size => Some((policy.size, true)),
            Unit::Memory => Some((policy.memory, true)),
            Unit::Count(_) => Some((policy.count, true)),
            // What takes a tenth longer has ten elevenths of the rate.
            Unit::Rate(_) => Some((1.0 / policy.time, false)),
            Unit::Other(_) => None,
        };
        let mut limits = Vec::new();
        limits.extend(largest.map(|limit| (limit, true)));
        limits.extend(smallest.map(|limit| (limit, false)));
        if limits.is_empty() {
            limits.extend(budget);
        }
        limits
            .into_iter()
            .filter_map(|(limit, larger_is_worse)| {
                let part = if larger_is_worse { part } else { 1.0 - part };
                let sign = if larger_is_worse { 1.0 } else { -1.0 };
                let of = |reading: &Reading| Some(quantile(&reading.samples, part)?.ln() * sign);
                let side =
                    |readings: &[&Reading]| readings.iter().map(|reading| of(reading)).collect::<Option<Vec<f64>>>();
                let (own, other) = (side(&self.measured)?, side(beside)?);
                let differences: Option<Vec<f64>> = own
                    .iter()
                    .zip(&other)
                    .map(|(own, other)| difference(*own, *other))
                    .collect();
                let allowed = if larger_is_worse { limit } else { 1.0 / limit };
                Some(Compared {
                    differences: differences?,
                    own,
                    other,
                    // Another commit may be as fast as this one; another benchmark has no such relation to it.
                    allowed: if self.other_side && allowed > 1.0 {
                        Allowed::regression(allowed)
                    } else {
                        Allowed::bound(allowed)
                    },
                    limit,
                    larger_is_worse,
                    other_side: self.other_side,
                    exact: constant(&self.measured) && constant(beside),
                })
            })
            .collect()
    }

    /// Median of all samples.
    pub(super) fn median(&self) -> Option<f64> {
        median(&Self::samples(&self.measured))
    }
}

/// Nothing beside nothing is the same; something beside nothing has no ratio.
fn difference(own: f64, other: f64) -> Option<f64> {
    let difference = if own == other { 0.0 } else { own - other };
    difference.is_finite().then_some(difference)
}

/// Whether all samples of all processes are one value. No clock gives that, so it is never so of times.
pub(super) fn constant(readings: &[&Reading]) -> bool {
    let mut samples = readings.iter().flat_map(|reading| &reading.samples);
    let timed = readings
        .iter()
        .any(|reading| matches!(reading.unit, Unit::Time | Unit::Rate(_)));
    samples
        .next()
        .is_some_and(|first| !timed && samples.all(|sample| sample == first))
}
