//! Suites of benchmarks: what is declared, and rules between its values.

use std::ops::Range;

use serde::Serialize;
use toml::Spanned;
use toml::de::DeTable;

use crate::base::stage::Stage;
use crate::report::Location;

use super::known::elements;
use super::pattern;
use super::problem::{Problem, shown};
pub use super::raw::{BenchMode, Noise};
use super::raw::{RawBenchSuite, RawMetric};
use super::rule;
use super::rules::{Rules, range, text};
use super::value::{Converted, command};

/// How a suite of benchmarks is judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BenchPolicy {
    /// Where the reference of a benchmark without one of its own comes from.
    pub reference: BenchReference,
    /// How often each command runs.
    pub rounds: u32,
    /// Which budgets hold.
    pub mode: BenchMode,
    /// Largest ratio of times to their reference, by the mode.
    pub time: f64,
    /// Largest ratio of sizes to their reference, by the mode.
    pub size: f64,
    /// Largest median absolute deviation, as a part of the median.
    pub max_mad: f64,
    /// What noise does.
    pub noisy: Noise,
    /// Fewest samples of a time, on each side.
    pub min_samples: u64,
    /// Patterns of names that must be measured.
    pub expect: Vec<String>,
    /// What a benchmark without a counterpart in the reference does.
    pub added: Noise,
    /// Limits of single benchmarks, in the order of the file.
    pub metrics: Vec<MetricPolicy>,
}

/// Where a reference comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BenchReference {
    /// Nowhere: benchmarks are compared with others of the same output, or with a number.
    None,
    /// A second command.
    Command(Vec<String>),
    /// The same command in the files of this commit.
    Commit(String),
}

/// Limits of the benchmarks whose name is covered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricPolicy {
    /// Pattern of names.
    pub name: String,
    /// Name of the benchmark of the same output that is the reference.
    pub reference: Option<String>,
    /// Largest ratio to the reference.
    pub max_ratio: Option<f64>,
    /// Smallest ratio to the reference.
    pub min_ratio: Option<f64>,
    /// Largest median.
    pub at_most: Option<f64>,
    /// Smallest median.
    pub at_least: Option<f64>,
    /// First stage that a breach blocks.
    pub blocks_at: Option<Stage>,
    /// In place of that of the suite.
    pub max_mad: Option<f64>,
    /// In place of that of the suite.
    pub noisy: Option<Noise>,
    /// Where it is declared.
    pub location: Location,
}

impl BenchPolicy {
    /// The limits that are declared for a benchmark.
    pub fn metric(&self, name: &str) -> Option<&MetricPolicy> {
        self.metrics.iter().find(|metric| pattern::matches(&metric.name, name))
    }
}

/// How the suite is judged; what all suites have is left to [`super::suite`].
pub(super) fn convert(
    raw: &RawBenchSuite,
    span: &Range<usize>,
    at: &impl Fn(Range<usize>) -> Location,
) -> Converted<BenchPolicy> {
    let reference = match (&raw.reference, &raw.reference_commit) {
        (Some(reference), _) => BenchReference::Command(command(reference, span)?),
        (None, Some(commit)) => BenchReference::Commit(commit.clone()),
        (None, None) => BenchReference::None,
    };
    let (budget, time, size) = match raw.mode {
        BenchMode::Soft | BenchMode::Pr => (&raw.budgets.pr, 1.25, 1.20),
        BenchMode::Nightly => (&raw.budgets.nightly, 1.15, 1.08),
    };
    Ok(BenchPolicy {
        reference,
        rounds: raw.rounds,
        mode: raw.mode,
        time: budget.time.unwrap_or(time),
        size: budget.size.unwrap_or(size),
        max_mad: raw.max_mad,
        noisy: raw.noisy,
        min_samples: raw.min_samples,
        expect: raw.expect.clone(),
        added: raw.added,
        metrics: raw.metric.iter().map(|raw| metric(raw, at)).collect(),
    })
}

fn metric(raw: &Spanned<RawMetric>, at: &impl Fn(Range<usize>) -> Location) -> MetricPolicy {
    let location = at(raw.span());
    let raw = raw.get_ref();
    MetricPolicy {
        name: raw.name.clone(),
        reference: raw.reference.clone(),
        max_ratio: raw.max_ratio,
        min_ratio: raw.min_ratio,
        at_most: raw.at_most,
        at_least: raw.at_least,
        blocks_at: raw.blocks_at,
        max_mad: raw.max_mad,
        noisy: raw.noisy,
        location,
    }
}

/// Rules between the values: something is compared with something, and the limits are numbers that can be kept.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for suite in elements(rules.file, &["suite", "bench"]) {
        let external = match (suite.get("reference"), suite.get("reference-commit")) {
            (Some(_), Some(second)) => {
                let message = "a suite of benchmarks has one reference";
                let help = "keep `reference` or `reference-commit`";
                problems.push(
                    Problem::new(second.span(), message)
                        .rule(&rule::EXCLUDING_KEYS)
                        .help(help),
                );
                true
            }
            (first, second) => first.or(second).is_some(),
        };
        range(suite, &["max-mad"], 10.0, &mut problems);
        for mode in ["pr", "nightly"] {
            let budgets = suite.get("budgets").and_then(|budgets| budgets.get_ref().as_table());
            let budget = budgets.and_then(|budgets| budgets.get(mode)?.get_ref().as_table());
            if let Some(budget) = budget {
                range(budget, &["time", "size"], 1000.0, &mut problems);
            }
        }
        let mut bounded = external;
        let metrics = suite.get("metric").and_then(|metrics| metrics.get_ref().as_array());
        for metric in metrics.into_iter().flat_map(|metrics| metrics.iter()) {
            let span = metric.span();
            let Some(metric) = metric.get_ref().as_table() else {
                continue;
            };
            bounded |= limits(metric, span, external, &mut problems);
        }
        if !bounded && let Some((name, span)) = text(suite, "name") {
            let message = format!("the suite `{}` compares its benchmarks with nothing", shown(name));
            let help = "add `reference-commit = \"origin/main\"`, a second command as `reference`, or `[[suite.bench.metric]]` with a limit";
            problems.push(Problem::new(span, message).rule(&rule::SUITE_WITHOUT_LIMIT).help(help));
        }
    }
    problems
}

/// Whether limits of benchmarks bound something.
fn limits(metric: &DeTable<'_>, span: Range<usize>, external: bool, problems: &mut Vec<Problem>) -> bool {
    range(metric, &["max-ratio", "min-ratio"], 1000.0, problems);
    range(metric, &["max-mad"], 10.0, problems);
    range(metric, &["at-most", "at-least"], f64::MAX, problems);
    let has = |key: &str| metric.contains_key(key);
    let relative = has("max-ratio") || has("min-ratio");
    if relative && !external && !has("reference") {
        let message = "a ratio needs a reference";
        let help = "name a benchmark of the same output as `reference`, or declare one for the suite";
        problems.push(
            Problem::new(span, message)
                .rule(&rule::RATIO_WITHOUT_REFERENCE)
                .help(help),
        );
        return true;
    }
    has("reference") || relative || has("at-most") || has("at-least")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Catalogue, SuitePolicy, validate};

    fn suite(body: &str) -> Result<SuitePolicy, String> {
        let text = format!(
            "version = 1\n[stage.pilot]\nscope = \"x\"\n[[suite.bench]]\nname = \"b\"\ncommand = \"cargo bench\"\n{body}"
        );
        validate("gate.toml", &text, &Catalogue::default())
            .map(|policy| policy.suites[0].clone())
            .map_err(|errors| format!("{errors:?}"))
    }

    fn bench(body: &str) -> BenchPolicy {
        *suite(body).unwrap().bench.unwrap()
    }

    #[test]
    fn each_mode_has_its_budgets() {
        let reference = "reference-commit = \"main\"\n";
        let of = |mode: &str| {
            let bench = bench(&format!("{reference}mode = \"{mode}\"\n"));
            (bench.time, bench.size)
        };
        assert_eq!(of("pr"), (1.25, 1.20));
        assert_eq!(of("soft"), (1.25, 1.20));
        assert_eq!(of("nightly"), (1.15, 1.08));
        let declared = bench(&format!(
            "{reference}mode = \"nightly\"\nbudgets.nightly.time = 1.05\nbudgets.pr.size = 2\n"
        ));
        assert_eq!((declared.time, declared.size), (1.05, 1.08));
    }

    #[test]
    fn the_first_pattern_that_covers_a_name_counts() {
        let bench = bench(
            "[[suite.bench.metric]]\nname = \"parse/*\"\nat-most = 5\n[[suite.bench.metric]]\nname = \"*\"\nat-most = 9\n",
        );
        assert_eq!(bench.metric("parse/small").unwrap().at_most, Some(5.0));
        assert_eq!(bench.metric("print").unwrap().at_most, Some(9.0));
    }

    #[test]
    fn what_compares_with_nothing_is_refused() {
        for (body, message) in [
            ("", "compares its benchmarks with nothing"),
            ("reference = \"a\"\nreference-commit = \"b\"\n", "one reference"),
            ("reference-commit = \"--upload-pack=x\"\n", "is no revision"),
            (
                "[[suite.bench.metric]]\nname = \"a\"\nmax-ratio = 1.1\n",
                "a ratio needs a reference",
            ),
            (
                "reference-commit = \"b\"\nmax-mad = -0.5\n",
                "`max-mad` is no usable number",
            ),
            (
                "reference-commit = \"b\"\nbudgets.pr.time = nan\n",
                "`time` is no usable number",
            ),
            (
                "reference-commit = \"b\"\nbudgets.pr.size = \"20%\"\n",
                "takes a number, not a string",
            ),
            (
                "reference-commit = \"b\"\nmode = \"hard\"\n",
                "`mode` has no value `hard`",
            ),
        ] {
            let errors = suite(body).unwrap_err();
            assert!(errors.contains(message), "{body}: {errors}");
        }
    }
}
