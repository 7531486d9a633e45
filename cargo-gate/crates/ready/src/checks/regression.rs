//! `regression_risk`: the results are possible values, reach what the configuration asks for, and are no worse than those of the baseline.

use std::path::Path;

use gate_base::error::Result;
use serde_json::{Value, json};

use super::card;
use super::metrics::{Metrics, direction, is_lower_better, is_of_the_whole, is_share, rounding};
use crate::directory::Directory;
use crate::documents::Document;
use crate::layout::Layout;
use crate::mlflow;
use crate::paired::{self, Samples};
use crate::report::Status;
use crate::run::Run;
use crate::stand_in;
use crate::verdict::Verdict;

/// How much worse a metric may be where nothing else is declared: as a difference for shares, relative to the baseline for others.
const TOLERANCE: f64 = 0.05;

pub(super) fn check(run: &Run<'_>) -> Result<Verdict> {
    let (path, results) = run.documents.results();
    let results = match results {
        Document::Missing => {
            return Ok(Verdict::skipped(match run.layout {
                Layout::Croissant | Layout::DatasetCard => {
                    "no results of an evaluation: it is a data set, and no model".to_owned()
                }
                Layout::ModelCard => {
                    "no results of an evaluation: the card has no model-index, and `eval_results.json` is missing"
                        .to_owned()
                }
                _ => format!("no results of an evaluation: `{path}` is missing"),
            }));
        }
        Document::Broken(why) => return Ok(Verdict::fail(format!("Cannot read {path}: {why}"))),
        Document::Read(results) => results,
    };
    let metrics = Metrics::of(results);
    let mut problems = impossible(path, results, &metrics);
    problems.extend(thresholds(run, &metrics));
    problems.extend(match run.layout {
        Layout::ModelCard => card::contradiction(run),
        _ => second(run, &metrics),
    });
    let ours = samples(&run.directory, "", &metrics, &mut problems);
    if problems.iter().any(|(status, _)| *status == Status::Fail) {
        return Ok(Verdict::of(&problems, "", ""));
    }
    let (name, base) = match baseline(run)? {
        Baseline::Found(name, base) => (name, base),
        Baseline::Gone(name) => {
            return Ok(Verdict::fail(format!(
                "no_baseline: the run `{name}` is declared as the baseline and missing"
            )));
        }
        Baseline::Itself(name) => return Ok(Verdict::fail(format!("no_baseline: `{name}` is this run"))),
        Baseline::None => {
            problems.push((
                Status::Warn,
                "no_baseline: nothing to compare with; name a run with `--baseline`".into(),
            ));
            return Ok(Verdict::of(&problems, "", ""));
        }
    };
    let documents = stand_in::documents(&base)?;
    let Some(other) = documents
        .results()
        .1
        .value()
        .map(Metrics::of)
        .filter(|other| !other.numbers.is_empty())
    else {
        return Ok(Verdict::fail(format!("no_baseline: `{name}` has no readable results")));
    };
    let mut compared = Vec::new();
    let theirs = samples(&base, " of the baseline", &other, &mut problems);
    for (metric, old) in &other.numbers {
        let Some(new) = metrics.numbers.get(metric) else {
            problems.push((
                Status::Fail,
                format!("`{metric}` of the baseline is not in the results"),
            ));
            continue;
        };
        let tolerance = tolerance(run, metric, *old);
        let paired = paired::difference(&ours, &theirs, metric).filter(|_| !is_of_the_whole(metric));
        let lower = match declared(run, metric) {
            Ok(declared) => declared
                .or_else(|| metrics.lower.get(metric).copied())
                .unwrap_or_else(|| is_lower_better(metric)),
            Err(word) => {
                problems.push((
                    Status::Fail,
                    format!("`{metric}` has the direction {word}: use lower or higher"),
                ));
                continue;
            }
        };
        let (status, words) = compare((metric, lower), *old, *new, tolerance, paired);
        compared.push(json!({"metric": metric, "old": old, "new": new, "tolerance": tolerance, "basis": words.basis}));
        if status != Status::Pass {
            problems.push((status, words.text));
        }
    }
    let fine = format!("No regression detected against {name}");
    Ok(Verdict::of(&problems, "Regression detected: ", fine)
        .with("baseline", name)
        .with("compared", compared))
}

/// Values that no evaluation gives.
fn impossible(path: &str, results: &Value, metrics: &Metrics) -> Vec<(Status, String)> {
    let mut problems: Vec<_> = metrics.broken.iter().map(|what| (Status::Fail, what.clone())).collect();
    if metrics.numbers.is_empty() && metrics.broken.is_empty() {
        problems.push((Status::Fail, format!("{path} has no metrics")));
    }
    for (metric, value) in metrics
        .numbers
        .iter()
        .filter(|(metric, value)| is_share(metric) && !(0.0..=1.0).contains(*value))
    {
        let hint = if (1.0..=100.0).contains(value) {
            ": is it a percentage?"
        } else {
            ""
        };
        problems.push((Status::Fail, format!("{metric} is {value}, outside 0 to 1{hint}")));
    }
    if results
        .get("num_examples")
        .is_some_and(|count| count.as_u64().is_none_or(|count| count == 0))
    {
        problems.push((Status::Fail, "the evaluation has no examples".into()));
    }
    problems
}

/// Results at the second place that are read must be the same: which of them were meant is not known.
fn second(run: &Run<'_>, metrics: &Metrics) -> Option<(Status, String)> {
    let (path, _) = run.documents.results();
    let other = run
        .documents
        .value("eval_results.json")
        .filter(|_| path != "eval_results.json")?;
    (Metrics::of(other).numbers != metrics.numbers).then(|| {
        (
            Status::Fail,
            format!("`{path}` and `eval_results.json` have different metrics"),
        )
    })
}

/// The results of single items, where they are those that the results sum up.
fn samples(directory: &Directory, whose: &str, metrics: &Metrics, problems: &mut Vec<(Status, String)>) -> Samples {
    let samples = match Samples::of(directory) {
        Ok(samples) => samples,
        Err((status, why)) => {
            problems.push((status, format!("the items{whose}: {why}")));
            return Samples::default();
        }
    };
    for (metric, value) in &metrics.numbers {
        let (items, with, mean) = samples.mean(metric);
        if with == 0 || is_of_the_whole(metric) {
            continue;
        }
        if with < items {
            problems.push((
                Status::Warn,
                format!("{} of {items} items{whose} have no {metric}", items - with),
            ));
        } else if (mean - value).abs() > rounding(*value) {
            problems.push((
                Status::Fail,
                format!("{metric} is {value} in the results{whose}, and the mean of its {items} items is {mean:.4}"),
            ));
        }
    }
    samples
}

/// Which way the configuration says is better: `metrics: {wer: {direction: lower}}`, or `metric_directions: {wer: lower}`.
fn declared(run: &Run<'_>, metric: &str) -> std::result::Result<Option<bool>, String> {
    run.setting(&[&["metric_directions", metric], &["metrics", metric]])
        .map_or(Ok(None), direction)
}

/// What the configuration asks of the results: `ship_if` with `min_<metric>` and `max_<metric>`.
fn thresholds(run: &Run<'_>, metrics: &Metrics) -> Vec<(Status, String)> {
    let mut problems = Vec::new();
    let asked = run.setting(&[&["ship_if"], &["thresholds"]]).and_then(Value::as_object);
    for (key, limit) in asked.into_iter().flatten() {
        let least = key.strip_prefix("min_").map(|metric| (metric, true));
        let most = key
            .strip_prefix("max_")
            .filter(|metric| !metric.ends_with("_regression") && *metric != "pii_hits")
            .map(|metric| (metric, false));
        let (Some((metric, is_least)), Some(limit)) = (least.or(most), limit.as_f64()) else {
            continue;
        };
        match metrics.numbers.get(metric) {
            None => problems.push((
                Status::Fail,
                format!("eval_missing: `{key}` requires {metric}, which the results do not have"),
            )),
            Some(value) if (is_least && *value < limit) || (!is_least && *value > limit) => {
                problems.push((Status::Fail, format!("{metric} is {value}, {key} is {limit}")));
            }
            Some(_) => {}
        }
    }
    problems
}

enum Baseline {
    Found(String, Directory),
    Gone(String),
    Itself(String),
    None,
}

fn baseline(run: &Run<'_>) -> Result<Baseline> {
    let written = || {
        let meta = run
            .documents
            .value("run_meta.json")
            .and_then(|meta| meta.get("baseline_run"));
        let named = meta.or_else(|| run.setting(&[&["baseline_run"], &["baseline"]]))?;
        named.as_str().map(str::to_owned)
    };
    let roots = [
        Some(run.directory.root.as_path()),
        run.directory.root.parent(),
        run.options.project.as_deref(),
    ];
    if let (Some(database), Some(wanted)) = (&run.recorded.database, &run.options.baseline)
        && !wanted.exists()
    {
        let wanted = wanted.to_string_lossy().into_owned();
        return Ok(match mlflow::chosen(database, Some(&wanted)) {
            Ok(Some(base)) if base.record == run.directory.record || same(&base.root, &run.directory.root) => {
                Baseline::Itself(wanted)
            }
            Ok(Some(base)) => {
                run.saw(&base.root);
                Baseline::Found(wanted, base)
            }
            Ok(None) | Err(_) => Baseline::Gone(wanted),
        });
    }
    let (name, found) = match &run.options.baseline {
        Some(path) => {
            run.saw(path);
            (path.to_string_lossy().into_owned(), path.is_dir().then(|| path.clone()))
        }
        None => {
            let Some(name) = written() else {
                return Ok(Baseline::None);
            };
            let found = roots.into_iter().flatten().map(|root| root.join(&name)).find(|path| {
                run.saw(path);
                path.is_dir()
            });
            (name, found)
        }
    };
    let Some(root) = found else {
        return Ok(Baseline::Gone(name));
    };
    if same(&root, &run.directory.root) {
        return Ok(Baseline::Itself(name));
    }
    Ok(Baseline::Found(name, Directory::open(&root)?))
}

/// Whether both are one directory.
fn same(left: &Path, right: &Path) -> bool {
    matches!((left.canonicalize(), right.canonicalize()), (Ok(left), Ok(right)) if left == right)
}

/// How much worse this metric may be, as a difference.
fn tolerance(run: &Run<'_>, metric: &str, old: f64) -> f64 {
    let key = format!("max_{metric}_regression");
    let declared = run
        .setting(&[&["ship_if", &key], &["thresholds", &key]])
        .and_then(Value::as_f64);
    declared.unwrap_or(if is_share(metric) {
        TOLERANCE
    } else {
        TOLERANCE * old.abs()
    })
}

struct Words {
    text: String,
    basis: String,
}

fn compare(
    (metric, is_lower_better): (&str, bool),
    old: f64,
    new: f64,
    tolerance: f64,
    paired: Option<paired::Interval>,
) -> (Status, Words) {
    let sign = if is_lower_better { -1.0 } else { 1.0 };
    let loss = (old - new) * sign;
    let percent = if old == 0.0 {
        String::new()
    } else {
        format!(", {:+.1} %", (new - old) / old.abs() * 100.0)
    };
    let (status, basis) = match paired {
        None if loss > tolerance => (Status::Fail, "no samples: compared as numbers".to_owned()),
        None if loss > 1e-9 => (Status::Warn, "no samples: compared as numbers".to_owned()),
        None => (Status::Pass, "no samples: compared as numbers".to_owned()),
        Some(interval) => {
            let (least, most) = if sign > 0.0 {
                (-interval.high, -interval.low)
            } else {
                (interval.low, interval.high)
            };
            let basis = format!(
                "95 % of {} paired resamples lose between {least:.4} and {most:.4}, {} items",
                paired::RESAMPLES,
                interval.items
            );
            let status = if least > tolerance {
                Status::Fail
            } else if most > tolerance || least > 0.0 {
                Status::Warn
            } else {
                Status::Pass
            };
            (status, basis)
        }
    };
    let text = format!("{metric} {old} -> {new}{percent} ({basis})");
    (status, Words { text, basis })
}
