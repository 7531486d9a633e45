//! `config_sanity`: numbers of the configuration are possible and sensible, and nothing in the run contradicts them.

use gate_base::error::Result;
use serde_json::Value;

use super::seeds;
use crate::layout::Layout;
use crate::report::Status;
use crate::run::Run;
use crate::verdict::Verdict;

/// A number of a configuration: what it can be, and what it is with good reason.
struct Range {
    names: &'static [&'static str],
    possible: (f64, f64),
    sane: (f64, f64),
    is_whole: bool,
}

const fn range(names: &'static [&'static str], possible: (f64, f64), sane: (f64, f64)) -> Range {
    Range {
        names,
        possible,
        sane,
        is_whole: false,
    }
}

const fn whole(names: &'static [&'static str], possible: (f64, f64), sane: (f64, f64)) -> Range {
    Range {
        names,
        possible,
        sane,
        is_whole: true,
    }
}

const TINY: f64 = f64::MIN_POSITIVE;
const RANGES: &[Range] = &[
    range(&["learning_rate", "lr"], (TINY, 100.0), (1e-8, 1.0)),
    whole(
        &[
            "batch_size",
            "train_batch_size",
            "eval_batch_size",
            "per_device_train_batch_size",
        ],
        (1.0, 1e9),
        (1.0, 1e6),
    ),
    range(
        &["num_epochs", "epochs", "num_train_epochs"],
        (TINY, 1e9),
        (0.01, 1000.0),
    ),
    range(
        &["dropout", "lora_dropout", "attention_dropout"],
        (0.0, 1.0),
        (0.0, 0.7),
    ),
    range(&["weight_decay"], (0.0, 100.0), (0.0, 1.0)),
    range(&["temperature"], (0.0, 100.0), (0.0, 2.0)),
    range(&["warmup_ratio", "top_p", "label_smoothing"], (0.0, 1.0), (0.0, 1.0)),
    whole(&["seed", "random_seed"], (0.0, 1.8e19), (0.0, 1.8e19)),
    range(
        &[
            "min_f1",
            "min_exact_match",
            "min_accuracy",
            "min_precision",
            "min_recall",
            "min_auc",
        ],
        (0.0, 1.0),
        (0.05, 1.0),
    ),
    range(
        &[
            "max_f1_regression",
            "max_exact_match_regression",
            "max_accuracy_regression",
        ],
        (0.0, 1.0),
        (0.0, 0.2),
    ),
    range(
        &["max_null_ratio", "max_fallback_rate", "max_error_rate"],
        (0.0, 1.0),
        (0.0, 0.5),
    ),
    whole(&["min_row_count"], (0.0, 1.8e19), (10.0, 1.8e19)),
    whole(&["max_pii_hits"], (0.0, 1e9), (0.0, 0.0)),
];

/// Keys under which the configuration of a model names code that comes with it.
const CODE: &[&str] = &["auto_map", "custom_pipelines"];

/// Switches that take away what the results rest on.
const DANGEROUS: &[(&str, &str)] = &[
    ("skip_eval", "the evaluation is switched off"),
    ("allow_contamination", "contamination is allowed"),
    ("trust_remote_code", "code of a model repository runs"),
    ("disable_safety", "safety is switched off"),
    ("debug", "debugging is on"),
];

pub(super) fn check(run: &Run<'_>) -> Result<Verdict> {
    let value = |path| run.documents.value(path);
    let mut problems = Vec::new();
    let mut judged = false;
    let manifest = value("manifest.json");
    let config = value("config.yaml").or_else(|| manifest?.get("config"));
    if let Some(config) = config {
        walk(config, "", &mut problems);
        contradictions(config, &mut problems);
        let code = CODE
            .iter()
            .find(|key| config.get(key).is_some_and(|value| !value.is_null()));
        problems.extend(code.map(|key| {
            (
                Status::Warn,
                format!("{key}: loading the model runs code that comes with it"),
            )
        }));
        judged = true;
    }
    for contract in manifest
        .and_then(|manifest| manifest.get("contracts")?.as_array())
        .into_iter()
        .flatten()
    {
        let name = contract.get("name").and_then(Value::as_str).unwrap_or("unknown");
        let mut own = Vec::new();
        walk(contract, "", &mut own);
        problems.extend(
            own.into_iter()
                .map(|(status, message)| (status, format!("{message} in {name}"))),
        );
        judged = true;
    }
    problems.extend(seeds::contradiction(run));
    problems.extend(same_data(run));
    problems.extend(super::mlflow::same_data(run));
    if !judged && problems.is_empty() {
        let why = match run.layout {
            Layout::Croissant | Layout::DatasetCard => {
                Some("it is a data set, which has no configuration of a training")
            }
            Layout::ModelCard => Some("the model has no config.json"),
            _ => None,
        };
        if let Some(why) = why {
            return Ok(Verdict::skipped(format!("No configuration to check: {why}")));
        }
        return Ok(Verdict::warn("No configuration to check"));
    }
    Ok(Verdict::of(
        &problems,
        "Configuration warnings: ",
        "Configuration looks reasonable",
    ))
}

fn walk(value: &Value, key: &str, problems: &mut Vec<(Status, String)>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| walk(value, key, problems)),
        Value::Array(items) => items.iter().for_each(|value| walk(value, key, problems)),
        Value::Bool(true) => {
            problems.extend(
                DANGEROUS
                    .iter()
                    .filter(|(name, _)| *name == key)
                    .map(|(name, what)| (Status::Warn, format!("{name}: {what}"))),
            );
        }
        Value::Null | Value::Bool(false) => {}
        value => problems.extend(
            RANGES
                .iter()
                .find(|range| range.names.contains(&key))
                .and_then(|range| outside(range, key, value)),
        ),
    }
}

fn outside(range: &Range, key: &str, value: &Value) -> Option<(Status, String)> {
    let Some(number) = value.as_f64() else {
        return Some((Status::Fail, format!("{key} is {value}, not a number")));
    };
    let within = |(least, most): (f64, f64)| (least..=most).contains(&number);
    if !within(range.possible) || (range.is_whole && number.fract() != 0.0) {
        return Some((Status::Fail, format!("{key} is {number}, which is not possible")));
    }
    if within(range.sane) {
        return None;
    }
    let how = if number < range.sane.0 { "low" } else { "high" };
    Some((Status::Warn, format!("Very {how} {key} ({number})")))
}

/// Names of one setting. Two values for it mean that one of them was not used.
const SAME: &[&[&str]] = &[
    &["learning_rate", "lr"],
    &["num_epochs", "epochs", "num_train_epochs"],
    &["seed", "random_seed"],
    &["max_steps", "num_train_steps", "train_steps"],
    &["weight_decay", "wd"],
];

/// Switches of which one excludes the other.
const EXCLUSIVE: &[(&str, &str)] = &[("fp16", "bf16"), ("load_in_8bit", "load_in_4bit")];

/// Settings next to each other that cannot both hold.
fn contradictions(value: &Value, problems: &mut Vec<(Status, String)>) {
    match value {
        Value::Object(object) => {
            for names in SAME {
                let there: Vec<(&str, &Value)> = names
                    .iter()
                    .filter_map(|name| Some((*name, object.get(*name).filter(|value| !value.is_null())?)))
                    .collect();
                let equal = |left: &Value, right: &Value| {
                    left == right || (left.is_number() && left.as_f64() == right.as_f64())
                };
                if let Some(pair) = there.windows(2).find(|pair| !equal(pair[0].1, pair[1].1)) {
                    let [(one, left), (other, right)] = [pair[0], pair[1]];
                    problems.push((
                        Status::Fail,
                        format!("{one} is {left} and {other} is {right}: they are one setting"),
                    ));
                }
            }
            let is_on = |name: &str| object.get(name) == Some(&Value::Bool(true));
            for (one, other) in EXCLUSIVE {
                if is_on(one) && is_on(other) {
                    problems.push((Status::Fail, format!("{one} and {other} are both on")));
                }
            }
            object.values().for_each(|value| contradictions(value, problems));
        }
        Value::Array(items) => items.iter().for_each(|value| contradictions(value, problems)),
        _ => {}
    }
}

/// Nothing is learned from what is evaluated.
fn same_data(run: &Run<'_>) -> Option<(Status, String)> {
    let data = run.data();
    let both = data
        .train
        .iter()
        .find(|train| data.eval.iter().any(|eval| eval.name == train.name))?;
    Some((
        Status::Fail,
        format!("`{}` is both training and evaluation data", both.name),
    ))
}
