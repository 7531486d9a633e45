//! Measurements against what they have to keep: each benchmark passes, fails, is inconclusive and says what is missing, or is vacuous
//! and says why. The last two are no pass.

mod bound;
mod control;
mod looks;
mod words;

use gate_base::stats::sequential::{Allowed, Comparison, Decision, Look, caught};
use gate_base::stats::{median, median_absolute_deviation};
use gate_policy::{Added, BenchMode, BenchPolicy, MetricPolicy, SuitePolicy, pattern};
use gate_report::{BenchmarkResult, Finding, Real, Standing};

use self::bound::{Bounded, Verdict};
pub(super) use self::looks::{Looks, State, exact, hopeless, looks_after};
use self::looks::{compared, vacuous};
use super::super::finding;
use super::read::Readings;
use super::table::{Benchmark, Compared, QUARTER, Series, TAIL};

/// What the measurements say.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    /// What is wrong, or worth a warning.
    pub(super) findings: Vec<Finding>,
    /// What more pairs or samples could decide.
    pub(super) undecided: Vec<String>,
    /// What shows nothing, however often it is repeated.
    pub(super) vacuous: Vec<String>,
    /// Each benchmark, sorted by name.
    pub(super) measurements: Vec<BenchmarkResult>,
    /// Lines about the controls, for the log.
    pub(super) controls: Vec<String>,
}

/// What the second series of pairs said of what the first called worse.
#[derive(Debug, Default)]
pub(super) struct Confirmation {
    /// What the first series called worse.
    pub(super) first: Vec<String>,
    /// Pairs of the first series.
    pub(super) pairs: usize,
}

/// Judges all benchmarks after the last look.
pub(super) fn judge(
    suite: &SuitePolicy,
    policy: &BenchPolicy,
    series: &Series,
    looks: &Looks,
    confirmation: Option<&Confirmation>,
    seed: u64,
) -> Judgement {
    let mut judge = Judge {
        suite,
        policy,
        confirmation,
        seed,
        judgement: Judgement::default(),
    };
    judge.sets(series);
    let all = compared(policy, series, QUARTER);
    let looked: Vec<(&str, &Compared, Look)> = all
        .iter()
        .zip(&looks.last)
        .map(|((name, compared), look)| (*name, compared, *look))
        .collect();
    for (name, benchmark) in Benchmark::all(policy, series) {
        let own: Vec<(&Compared, Look)> = looked
            .iter()
            .filter(|(of, ..)| *of == name)
            .map(|(_, compared, look)| (*compared, *look))
            .collect();
        judge.benchmark(name, &benchmark, &own, looked.len());
    }
    judge.tails(series, &looked);
    judge.controls(&all);
    let limited = |measurement: &BenchmarkResult| measurement.standing != Standing::Unlimited;
    // What shows nothing for another reason says so already.
    let said = !judge.judgement.vacuous.is_empty() || judge.judgement.measurements.is_empty();
    if !said && !judge.judgement.measurements.iter().any(limited) {
        judge.vacuous("no benchmark has a limit, so none was judged".to_owned());
    }
    judge.judgement
}

struct Judge<'a> {
    suite: &'a SuitePolicy,
    policy: &'a BenchPolicy,
    confirmation: Option<&'a Confirmation>,
    seed: u64,
    judgement: Judgement,
}

impl Judge<'_> {
    fn soft(&self) -> bool {
        self.policy.mode == BenchMode::Soft || !self.suite.required
    }

    /// What only warns says so; the rest is no pass.
    fn undecided(&mut self, message: String, metric: Option<&MetricPolicy>) {
        if self.soft() {
            let advice = self.advice(message, metric);
            self.judgement.findings.push(advice);
        } else {
            self.judgement.undecided.push(message);
        }
    }

    fn vacuous(&mut self, message: String) {
        if self.suite.required {
            self.judgement.vacuous.push(message);
        } else {
            let advice = self.advice(message, None);
            self.judgement.findings.push(advice);
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
        let breach = if self.soft() {
            self.advice(message, metric)
        } else {
            let stage = metric.and_then(|metric| metric.blocks_at).unwrap_or(self.suite.stage);
            let location = metric.map(|metric| metric.location.clone());
            Finding::blocking(stage.max(self.suite.stage), message)
                .because(location.or_else(|| self.suite.location.clone()))
        };
        self.judgement.findings.push(breach.help(help));
    }

    /// Both sides measure something, and the same, in each process.
    fn sets(&mut self, series: &Series) {
        let mut said: Vec<String> = Vec::new();
        problems(&series.measured, "", &mut said);
        if let Some(reference) = &series.reference {
            problems(reference, "the reference: ", &mut said);
        }
        said.into_iter().for_each(|problem| self.vacuous(problem));
        let Some(first) = series.measured.first().filter(|first| !first.benchmarks.is_empty()) else {
            self.vacuous("no benchmark was measured".to_owned());
            self.expected(None);
            return;
        };
        self.expected(Some(first));
        let Some(reference) = series.reference.as_ref() else {
            return;
        };
        let Some(reference) = reference.first().filter(|first| !first.benchmarks.is_empty()) else {
            self.vacuous("the reference measured no benchmark".to_owned());
            return;
        };
        for name in reference
            .benchmarks
            .keys()
            .filter(|name| !first.benchmarks.contains_key(*name))
        {
            let gone = format!("the reference has a benchmark `{name}`, which is no longer measured");
            let gone = finding(self.suite, gone).help("restore it, or use a reference without it");
            self.judgement.findings.push(gone);
        }
    }

    fn expected(&mut self, measured: Option<&Readings>) {
        for expected in &self.policy.expect {
            let found = measured.is_some_and(|measured| {
                let mut names = measured.benchmarks.keys();
                names.any(|name| pattern::matches(expected, name))
            });
            if !found {
                let gone = finding(self.suite, format!("no benchmark `{expected}` was measured"));
                let gone = gone.help("run it in the command, or correct `expect` of the suite in gate.toml");
                self.judgement.findings.push(gone);
            }
        }
    }

    fn benchmark(&mut self, name: &str, benchmark: &Benchmark<'_>, looked: &[(&Compared, Look)], metrics: usize) {
        let metric = benchmark.policy;
        let samples = Benchmark::samples(&benchmark.measured);
        let (Some(middle), Some(mad)) = (median(&samples), median_absolute_deviation(&samples)) else {
            self.vacuous(format!("`{name}` has no samples"));
            return;
        };
        let beside = benchmark.beside.as_deref().map(Benchmark::samples);
        let mut result = BenchmarkResult {
            name: name.to_owned(),
            unit: benchmark.unit.name().to_owned(),
            samples: samples.len() as u64,
            median: Real(middle),
            mad: Real(mad),
            reference: beside.as_ref().and_then(|beside| median(beside)).map(Real),
            ratio: None,
            low: Real(middle),
            high: Real(middle),
            pairs: 0,
            limit: None,
            caught: None,
            why: None,
            standing: Standing::Unlimited,
        };
        self.counterpart(name, benchmark);
        let limited = words::limited(self.policy, benchmark);
        if let Some(why) = benchmark
            .incomparable()
            .or_else(|| limited.then(|| vacuous(benchmark))?)
        {
            self.vacuous(format!("`{name}` {why}"));
            result.standing = Standing::Vacuous;
            result.why = Some(why);
        } else {
            for (compared, look) in looked {
                self.ratio(name, metric, compared, look, metrics, &mut result);
            }
            for bounded in bound::bounds(self.policy, benchmark, !self.judges_pairs()) {
                self.bounded(name, metric, bounded, &mut result);
            }
        }
        self.judgement.measurements.push(result);
    }

    /// What the policy compares has something to be compared with.
    fn counterpart(&mut self, name: &str, benchmark: &Benchmark<'_>) {
        let metric = benchmark.policy;
        if benchmark.beside.is_some() {
            return;
        }
        if let Some(named) = metric.and_then(|metric| metric.reference.as_deref()) {
            self.vacuous(format!("the reference `{named}` of `{name}` was not measured"));
            return;
        }
        let absolute = metric.is_some_and(|metric| metric.at_most.is_some() || metric.at_least.is_some());
        if self.policy.reference == gate_policy::BenchReference::None || absolute {
            return;
        }
        let message = format!("`{name}` has no counterpart in the reference");
        if self.policy.added == Added::Warn || self.policy.mode == BenchMode::Soft {
            let advice = self.advice(message, metric);
            self.judgement.findings.push(advice);
        } else {
            self.vacuous(message);
        }
    }

    /// What the last look says of a ratio.
    fn ratio(
        &mut self,
        name: &str,
        metric: Option<&MetricPolicy>,
        compared: &Compared,
        look: &Look,
        metrics: usize,
        result: &mut BenchmarkResult,
    ) {
        let (low, high) = compared.ratios(look.bounds);
        result.ratio = Some(Real(compared.ratio(look.estimate)));
        result.limit = Some(Real(compared.limit));
        // A few pairs bound nothing; what JSON has no word for is the estimate.
        let estimate = compared.ratio(look.estimate);
        result.low = Real(if low > 0.0 { low } else { estimate });
        result.high = Real(if high.is_finite() { high } else { estimate });
        result.pairs = compared.differences.len() as u64;
        if !compared.exact && self.judges_pairs() {
            let caught = caught(&compared.differences, compared.allowed, metrics, self.seed);
            result.caught = caught.map(|ratio| Real(compared.ratio(ratio.ln())));
        }
        let confirmed = self.confirmation.map(|confirmation| {
            let known = confirmation.first.iter().any(|first| first == name);
            (known, confirmation.pairs)
        });
        let message = words::ratio(
            name,
            compared,
            result,
            confirmed.filter(|(known, _)| *known).map(|(_, pairs)| pairs),
        );
        match (look.decision, confirmed) {
            (Decision::Worse, Some((false, _))) => {
                let message = format!("{message}: only one of two builds is worse");
                self.open(message, metric, result);
            }
            (Decision::Worse, _) => {
                self.breach(message, metric);
                result.standing = Standing::Beyond;
            }
            (Decision::Within, Some((true, _))) => {
                let advice =
                    format!("{message}: the first build was worse, so its speed depends on where the linker puts it");
                let advice = self.advice(advice, metric);
                self.judgement.findings.push(advice);
                words::kept(result);
            }
            (Decision::Within, _) => words::kept(result),
            (Decision::Open, _) => {
                let message = words::missing(&message, compared, look);
                self.open(message, metric, result);
            }
        }
    }

    /// What the bounds of a number say of its limit.
    fn bounded(&mut self, name: &str, metric: Option<&MetricPolicy>, bounded: Bounded, result: &mut BenchmarkResult) {
        let Bounded {
            message,
            verdict,
            ratio,
            ..
        } = bounded;
        if let Some((value, limit)) = ratio {
            (result.ratio, result.limit) = (Some(Real(value)), Some(Real(limit)));
        }
        if let Some((low, high)) = bounded.bounds {
            (result.low, result.high) = (Real(low), Real(high));
        }
        let message = format!("`{name}` {message}");
        match verdict {
            Verdict::Kept => words::kept(result),
            Verdict::Broken => {
                self.breach(message, metric);
                result.standing = Standing::Beyond;
            }
            Verdict::Open => self.open(message, metric, result),
        }
    }

    fn open(&mut self, message: String, metric: Option<&MetricPolicy>, result: &mut BenchmarkResult) {
        result.why = Some(message.clone());
        self.undecided(message, metric);
        if result.standing != Standing::Beyond {
            result.standing = Standing::Undecided;
        }
    }

    /// Whether the suite has another side, and pairs of processes.
    fn judges_pairs(&self) -> bool {
        self.policy.reference != gate_policy::BenchReference::None
    }

    /// What the best quarter of the samples does not see: something that is slow only now and then. It is advice, because a tail
    /// needs more samples than the middle.
    fn tails(&mut self, series: &Series, looked: &[(&str, &Compared, Look)]) {
        if !self.judges_pairs() {
            return;
        }
        let tails: Vec<(&str, Compared)> = compared(self.policy, series, TAIL)
            .into_iter()
            .filter(|(_, compared)| compared.other_side && !compared.exact)
            .collect();
        let metrics: Vec<(&[f64], Allowed)> = tails
            .iter()
            .map(|(_, compared)| (compared.differences.as_slice(), compared.allowed))
            .collect();
        let looks = Comparison::default().look(&metrics).unwrap_or_default();
        for ((name, compared), look) in tails.iter().zip(looks) {
            let worse = |look: &Look| look.decision == Decision::Worse;
            let known = looked.iter().any(|(of, _, look)| of == name && worse(look));
            if worse(&look) && !known {
                let metric = self.policy.metric(name);
                let advice = self.advice(words::tail(name, compared.ratio(look.estimate)), metric);
                self.judgement.findings.push(advice);
            }
        }
    }

    /// A judge that fails what is the same, or passes what is worse, judges nothing.
    fn controls(&mut self, all: &[(&str, Compared)]) {
        if !self.judges_pairs() {
            return;
        }
        let report = control::run(all, self.seed);
        self.judgement.controls = report.lines;
        report.misbehaved.into_iter().for_each(|problem| self.vacuous(problem));
    }
}

/// What cannot be believed of one side, each problem once.
fn problems(processes: &[Readings], whose: &str, said: &mut Vec<String>) {
    let mut say = |problem: String| {
        if !said.contains(&problem) {
            said.push(problem);
        }
    };
    for process in processes {
        process
            .problems
            .iter()
            .for_each(|problem| say(format!("{whose}{problem}")));
    }
    let Some((first, rest)) = processes.split_first() else {
        return;
    };
    for process in rest {
        let (before, now) = (&first.benchmarks, &process.benchmarks);
        let changed = before.keys().find(|name| !now.contains_key(*name));
        let changed = changed.or_else(|| now.keys().find(|name| !before.contains_key(*name)));
        if let Some(name) = changed {
            say(format!(
                "{whose}`{name}` is measured in some processes but not in others"
            ));
        }
    }
}

#[cfg(test)]
mod tests;
