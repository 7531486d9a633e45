//! Measurements against their limits.
//!
//! A ratio of medians is judged by its 95 % bootstrap interval: what lies below a limit as a whole keeps it, what lies above it
//! as a whole breaks it, and what reaches over it cannot be distinguished from noise, which is no pass.

use gate_base::stats::{Interval, interval_of_median, interval_of_ratio, median, median_absolute_deviation};
use gate_policy::{BenchMode, BenchPolicy, MetricPolicy, Noise, SuitePolicy, pattern};
use gate_report::{BenchmarkResult, Finding, Real, Standing};

use super::super::finding;
use super::read::{Reading, Readings};
use super::unit::{Unit, significant};

/// What the measurements say.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    /// What is wrong, or worth a warning.
    pub(super) findings: Vec<Finding>,
    /// What could not be decided.
    pub(super) undecided: Vec<String>,
    /// Each benchmark, sorted by name.
    pub(super) measurements: Vec<BenchmarkResult>,
}

/// Judges all benchmarks. `reference` is what the second command, or the other commit, measured.
pub(super) fn judge(
    suite: &SuitePolicy,
    policy: &BenchPolicy,
    measured: &Readings,
    reference: Option<&Readings>,
) -> Judgement {
    let mut judge = Judge {
        suite,
        policy,
        judgement: Judgement::default(),
    };
    judge.sets(measured, reference);
    for (name, reading) in &measured.benchmarks {
        judge.benchmark(name, reading, measured, reference);
    }
    let limited = |measurement: &BenchmarkResult| measurement.standing != Standing::Unlimited;
    if !measured.benchmarks.is_empty() && !judge.judgement.measurements.iter().any(limited) {
        judge.undecided("no benchmark has a limit, so none was judged".to_owned());
    }
    judge.judgement
}

/// What one benchmark has to keep.
struct Limit {
    interval: Interval,
    limit: f64,
    /// Whether it is the largest value, or else the smallest.
    largest: bool,
    /// Whether the interval is that of a ratio.
    ratio: bool,
}

struct Judge<'a> {
    suite: &'a SuitePolicy,
    policy: &'a BenchPolicy,
    judgement: Judgement,
}

impl Judge<'_> {
    fn undecided(&mut self, message: String) {
        if self.suite.required {
            self.judgement.undecided.push(message);
        } else {
            self.judgement
                .findings
                .push(Finding::advice(message).because(self.suite.location.clone()));
        }
    }

    /// What cannot be told from noise warns where that was declared, or where nothing more than a warning was at stake.
    fn noise(&mut self, message: String, metric: Option<&MetricPolicy>) {
        let rule = metric.and_then(|metric| metric.noisy).unwrap_or(self.policy.noisy);
        if rule == Noise::Warn || self.policy.mode == BenchMode::Soft {
            self.judgement.findings.push(self.advice(message, metric));
        } else {
            self.undecided(message);
        }
    }

    fn advice(&self, message: String, metric: Option<&MetricPolicy>) -> Finding {
        let location = metric.map(|metric| metric.location.clone());
        Finding::advice(message).because(location.or_else(|| self.suite.location.clone()))
    }

    fn breach(&mut self, message: String, metric: Option<&MetricPolicy>) {
        let help = format!(
            "measure again with `cargo gate suite {}`, and find what got slower or larger",
            self.suite.name
        );
        let soft = self.policy.mode == BenchMode::Soft || !self.suite.required;
        let breach = if soft {
            self.advice(message, metric)
        } else {
            let stage = metric.and_then(|metric| metric.blocks_at).unwrap_or(self.suite.stage);
            let location = metric.map(|metric| metric.location.clone());
            Finding::blocking(stage.max(self.suite.stage), message)
                .because(location.or_else(|| self.suite.location.clone()))
        };
        self.judgement.findings.push(breach.help(help));
    }

    /// Both sides measure something, and the same.
    fn sets(&mut self, measured: &Readings, reference: Option<&Readings>) {
        for problem in &measured.problems {
            self.undecided(problem.clone());
        }
        if measured.benchmarks.is_empty() {
            self.undecided("no benchmark was measured".to_owned());
        }
        for expected in &self.policy.expect {
            if !measured.benchmarks.keys().any(|name| pattern::matches(expected, name)) {
                let gone = finding(self.suite, format!("no benchmark `{expected}` was measured"));
                self.judgement
                    .findings
                    .push(gone.help("run it in the command, or correct `expect` of the suite in gate.toml"));
            }
        }
        let Some(reference) = reference else { return };
        for problem in &reference.problems {
            self.undecided(format!("the reference: {problem}"));
        }
        if reference.benchmarks.is_empty() {
            self.undecided("the reference measured no benchmark".to_owned());
            return;
        }
        for name in reference.benchmarks.keys() {
            if !measured.benchmarks.is_empty() && !measured.benchmarks.contains_key(name) {
                let gone = finding(
                    self.suite,
                    format!("the reference has a benchmark `{name}`, which is no longer measured"),
                );
                self.judgement
                    .findings
                    .push(gone.help("restore it, or use a reference without it"));
            }
        }
    }

    fn benchmark(&mut self, name: &str, reading: &Reading, measured: &Readings, reference: Option<&Readings>) {
        let metric = self.policy.metric(name);
        let beside = match metric.and_then(|metric| metric.reference.as_deref()) {
            Some(named) => match measured.benchmarks.get(named) {
                Some(beside) => Some(beside),
                None => {
                    self.undecided(format!("the reference `{named}` of `{name}` was not measured"));
                    None
                }
            },
            None => reference.and_then(|reference| reference.benchmarks.get(name)),
        };
        let absolute = metric.is_some_and(|metric| metric.at_most.is_some() || metric.at_least.is_some());
        let other = reference.is_some_and(|reference| !reference.benchmarks.is_empty());
        if other && beside.is_none() && !absolute {
            let message = format!("`{name}` has no counterpart in the reference");
            if self.policy.added == Noise::Warn || self.policy.mode == BenchMode::Soft {
                self.judgement.findings.push(self.advice(message, metric));
            } else {
                self.undecided(message);
            }
        }
        if let Some(beside) = beside.filter(|beside| beside.unit != reading.unit) {
            let message = format!(
                "`{name}` is measured in {}, but its reference in {}",
                reading.unit.name(),
                beside.unit.name()
            );
            self.undecided(message);
            return;
        }
        let (Some(middle), Some(mad)) = (median(&reading.samples), median_absolute_deviation(&reading.samples)) else {
            self.undecided(format!("`{name}` has no samples"));
            return;
        };
        let own = interval_of_median(&reading.samples);
        let ratio = beside.and_then(|beside| interval_of_ratio(&reading.samples, &beside.samples));
        if beside.is_some() && ratio.is_none() {
            self.undecided(format!("the reference of `{name}` has no measurement to compare with"));
        }
        let limits = self.limits(metric, reading, own, ratio);
        let unmeasured = unmeasured(reading, beside.is_some())
            .map(|why| format!("`{name}` {why}"))
            .or_else(|| Some(format!("the reference of `{name}` {}", unmeasured(beside?, true)?)));
        let standing = if limits.is_empty() {
            Standing::Unlimited
        } else if let Some(message) = unmeasured {
            self.undecided(message);
            Standing::Undecided
        } else {
            self.standing(name, reading, beside, metric, &limits)
        };
        let (low, high) = ratio
            .or(own)
            .map_or((middle, middle), |interval| (interval.low, interval.high));
        self.judgement.measurements.push(BenchmarkResult {
            name: name.to_owned(),
            unit: reading.unit.name().to_owned(),
            samples: reading.samples.len() as u64,
            median: Real(middle),
            mad: Real(mad),
            reference: beside.and_then(|beside| median(&beside.samples)).map(Real),
            ratio: ratio.map(|ratio| Real(ratio.value)),
            low: Real(low),
            high: Real(high),
            standing,
        });
    }

    fn limits(
        &self,
        metric: Option<&MetricPolicy>,
        reading: &Reading,
        own: Option<Interval>,
        ratio: Option<Interval>,
    ) -> Vec<Limit> {
        let budget = match reading.unit {
            Unit::Time => Some(self.policy.time),
            Unit::Size => Some(self.policy.size),
            Unit::Other(_) => None,
        };
        let declared = |get: fn(&MetricPolicy) -> Option<f64>| metric.and_then(get);
        let (max, min) = (declared(|metric| metric.max_ratio), declared(|metric| metric.min_ratio));
        // What is better when it is larger has no budget that it may not exceed.
        let max = max.or_else(|| budget.filter(|_| min.is_none()));
        let rows = [
            (ratio, max, true, true),
            (ratio, min, false, true),
            (
                own,
                declared(|metric| metric.at_most).map(|limit| limit * reading.factor),
                true,
                false,
            ),
            (
                own,
                declared(|metric| metric.at_least).map(|limit| limit * reading.factor),
                false,
                false,
            ),
        ];
        rows.into_iter()
            .filter_map(|(interval, limit, largest, ratio)| {
                Some(Limit {
                    interval: interval?,
                    limit: limit?,
                    largest,
                    ratio,
                })
            })
            .collect()
    }

    fn standing(
        &mut self,
        name: &str,
        reading: &Reading,
        beside: Option<&Reading>,
        metric: Option<&MetricPolicy>,
        limits: &[Limit],
    ) -> Standing {
        let sides = [Some(("", reading)), beside.map(|beside| ("the reference of ", beside))];
        let sides = || sides.iter().copied().flatten();
        for (whose, side) in sides() {
            let (has, least) = (side.samples.len() as u64, self.policy.min_samples);
            if side.unit == Unit::Time && has < least {
                let noun = if has == 1 { "sample" } else { "samples" };
                self.undecided(format!(
                    "{whose}`{name}` has {has} {noun}, fewer than the required {least}"
                ));
                return Standing::Undecided;
            }
        }
        let most = metric.and_then(|metric| metric.max_mad).unwrap_or(self.policy.max_mad);
        let loud = sides().find_map(|(whose, side)| {
            let part = median_absolute_deviation(&side.samples)? / median(&side.samples)?;
            (part > most).then_some((whose, part))
        });
        if let Some((whose, part)) = loud {
            let (part, most) = (part * 100.0, most * 100.0);
            let message = format!(
                "{whose}`{name}` is noisy: its deviation is {part:.1} % of its median, more than the allowed \
                 {most:.1} %"
            );
            self.noise(message, metric);
        }
        let mut standing = if loud.is_some() {
            Standing::Undecided
        } else {
            Standing::Within
        };
        for limit in limits {
            let Interval { low, value, high } = limit.interval;
            let (kept, broken) = if limit.largest {
                (high <= limit.limit, low > limit.limit)
            } else {
                (low >= limit.limit, high < limit.limit)
            };
            if kept || loud.is_some() && !broken {
                continue;
            }
            let shown = |value: f64| {
                if limit.ratio {
                    significant(value)
                } else {
                    reading.unit.shown(value)
                }
            };
            let what = if limit.ratio { " times its reference" } else { "" };
            let bound = if limit.largest { "at most" } else { "at least" };
            let message = format!(
                "`{name}` is {}{what}{}; {bound} {} is allowed",
                shown(value),
                // What was measured once, or is the same every time, has no interval to speak of.
                if low == high {
                    String::new()
                } else {
                    format!(" ({} to {})", shown(low), shown(high))
                },
                shown(limit.limit)
            );
            match (broken, loud.is_some()) {
                // Said already that it is noise.
                (true, true) => self.noise(message, metric),
                (true, false) => {
                    self.breach(message, metric);
                    standing = Standing::Beyond;
                }
                (false, _) => {
                    self.noise(format!("{message}: indistinguishable from noise"), metric);
                    if standing == Standing::Within {
                        standing = Standing::Undecided;
                    }
                }
            }
        }
        standing
    }
}

/// As many equal times are no accident, even where they are rounded to nanoseconds.
const CONSTANT: usize = 5;

/// Why samples cannot have been measured, or have no ratio: what takes no time is not infinitely fast, and no clock gives the
/// same time again and again.
fn unmeasured(reading: &Reading, compared: bool) -> Option<&'static str> {
    let timed = reading.unit == Unit::Time;
    let (first, rest) = reading.samples.split_first()?;
    if (timed || compared) && median(&reading.samples)? <= 0.0 {
        Some("is measured as zero")
    } else if timed && rest.len() + 1 >= CONSTANT && rest.iter().all(|sample| sample == first) {
        Some("has the same time in every sample, so it was not measured")
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
