//! `config_sanity`: numbers of the configuration are possible and sensible, and nothing in the run contradicts them.

use gate_base::error::Result;
use serde_json::Value;

use crate::documents::first;
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
    problems.extend(seeds(run));
    problems.extend(same_data(run));
    if !judged && problems.is_empty() {
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

/// The seed that the configuration asks for is the one that was used.
fn seeds(run: &Run<'_>) -> Option<(Status, String)> {
    let of = |path: &'static str| {
        Some((
            path,
            first(run.documents.value(path)?, &["seed", "random_seed"])?.as_u64()?,
        ))
    };
    let seeds: Vec<(&str, u64)> = ["config.yaml", "run_meta.json", "environment.json"]
        .into_iter()
        .filter_map(of)
        .collect();
    let pair = seeds.windows(2).find(|pair| pair[0].1 != pair[1].1)?;
    Some((
        Status::Fail,
        format!(
            "the seed is {} in {} and {} in {}",
            pair[0].1, pair[0].0, pair[1].1, pair[1].0
        ),
    ))
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
