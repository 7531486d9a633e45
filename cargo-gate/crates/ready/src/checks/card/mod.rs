//! What the checks ask of a directory of Hugging Face's hub.

mod data;
mod weights;

use serde_json::Value;

use crate::card::{CONFIG, Card, Kind, PATH};
use crate::checks::metrics::rounding;
use crate::documents::{Document, METRICS};
use crate::json;
use crate::run::Run;
use crate::verdict::{Problem, fail, warn};

/// `contract_integrity`.
pub(super) fn contract(run: &Run<'_>, card: &Card) -> Vec<Problem> {
    let mut problems = match &card.metadata {
        Document::Missing => vec![fail(format!("Missing required files: {PATH}"))],
        Document::Broken(why) => vec![fail(format!("Cannot read {PATH}: {why}"))],
        Document::Read(metadata) => said(card.kind, metadata),
    };
    match card.kind {
        Kind::Model => {
            problems.extend(configurations(run));
            problems.extend(weights::check(run));
        }
        Kind::DataSet => problems.extend(data::check(run, card)),
    }
    problems
}

/// What a card must say.
fn said(kind: Kind, metadata: &Value) -> Vec<Problem> {
    let mut problems = licence(metadata);
    let text = |key: &str| metadata.get(key).is_some_and(|value| !texts(value).is_empty());
    match kind {
        Kind::Model => {
            if !text("library_name") && !text("pipeline_tag") {
                problems.push(warn(format!("{PATH} has no library_name and no pipeline_tag")));
            }
            for key in ["datasets", "base_model"] {
                let Some(value) = metadata.get(key) else { continue };
                let wrong = match value {
                    Value::String(_) | Value::Array(_) => texts(value).into_iter().find(|one| !is_repository(one)),
                    _ => Some("no text"),
                };
                let count = value.as_array().map_or(1, Vec::len);
                if let Some(wrong) = wrong {
                    problems.push(fail(format!(
                        "Invalid {PATH}: {key} has `{wrong}`, which is not the name of a repository"
                    )));
                } else if texts(value).len() != count || count == 0 {
                    problems.push(fail(format!("Invalid {PATH}: {key} has no name of a repository")));
                }
            }
            if metadata.get("datasets").is_none() {
                problems.push(warn(format!("{PATH} does not name the training data under datasets")));
            }
            problems.extend(index(metadata));
        }
        Kind::DataSet => {
            if !text("task_categories") && !text("task_ids") {
                problems.push(warn(format!("{PATH} has no task_categories")));
            }
        }
    }
    problems
}

/// The card must name its licence by an identifier: `unknown` fails, and `other` needs a name.
fn licence(metadata: &Value) -> Vec<Problem> {
    let names = metadata.get("license").map(texts).unwrap_or_default();
    if names.is_empty() {
        return vec![fail(format!("Invalid {PATH}: missing license"))];
    }
    let mut problems = Vec::new();
    for name in names {
        match name.to_ascii_lowercase().as_str() {
            "unknown" | "none" | "n/a" | "tbd" => problems.push(fail(format!("Invalid {PATH}: license is {name}"))),
            "other" if metadata.get("license_name").is_none() => {
                problems.push(warn(format!("{PATH} has the license other, and no license_name")));
            }
            _ => {}
        }
    }
    problems
}

/// A `model-index` that has results, each with a task, data and metrics.
fn index(metadata: &Value) -> Vec<Problem> {
    let Some(index) = metadata.get("model-index") else {
        return Vec::new();
    };
    let wrong = |what: String| fail(format!("Invalid {PATH}: {what}"));
    let Some(models) = index.as_array().filter(|models| !models.is_empty()) else {
        return vec![wrong("model-index is not a list of models".into())];
    };
    let mut problems = Vec::new();
    for model in models {
        let name = model.get("name").and_then(Value::as_str);
        if name.is_none_or(str::is_empty) {
            problems.push(wrong("a model of model-index has no name".into()));
        }
        let results = model.get("results").and_then(Value::as_array);
        let Some(results) = results.filter(|results| !results.is_empty()) else {
            problems.push(wrong("a model of model-index has no results".into()));
            continue;
        };
        for (at, result) in (1..).zip(results) {
            for key in ["task", "dataset"] {
                if result
                    .get(key)
                    .and_then(|value| value.get("type"))
                    .and_then(Value::as_str)
                    .is_none()
                {
                    problems.push(wrong(format!("result {at} of model-index has no {key} with a type")));
                }
            }
            let metrics = result.get("metrics").and_then(Value::as_array);
            if metrics.is_none_or(Vec::is_empty) {
                problems.push(wrong(format!("result {at} of model-index has no metrics")));
            }
        }
    }
    problems
}

/// The documents that a model is configured with.
fn configurations(run: &Run<'_>) -> Vec<Problem> {
    const NAMES: &[&str] = &[
        CONFIG,
        "adapter_config.json",
        "generation_config.json",
        "model_index.json",
    ];
    let mut problems = Vec::new();
    for name in NAMES {
        let read = match run.directory.document(name) {
            Ok(None) => continue,
            Ok(Some(bytes)) => json::parse(&bytes),
            Err(why) => Err(why),
        };
        match read {
            Ok(value) if value.as_object().is_some_and(|object| !object.is_empty()) => {}
            Ok(_) => problems.push(fail(format!("Invalid {name}: it is not an object with entries"))),
            Err(why) => problems.push(fail(format!("Cannot read {name}: {why}"))),
        }
    }
    if NAMES.iter().all(|name| run.directory.entry(name).is_none()) {
        problems.push(warn("the model has no config.json"));
    }
    problems
}

/// Why the results of a card and those of `eval_results.json` contradict each other: they give one metric two values.
pub(super) fn contradiction(run: &Run<'_>) -> Option<Problem> {
    let card = run.documents.value(METRICS)?.get("metrics")?.as_object()?;
    let measured = run.documents.value("eval_results.json")?.as_object()?;
    measured.iter().find_map(|(name, value)| {
        let (plain, value) = (name.strip_prefix("eval_").unwrap_or(name), value.as_f64()?);
        let mut said = Vec::new();
        for (key, metric) in card {
            if key.split('/').next() == Some(plain) {
                said.push(metric.get("value")?.as_f64()?);
            }
        }
        let is_near = |said: &f64| (said - value).abs() <= rounding(*said);
        let first = *said.first()?;
        (!said.iter().any(is_near))
            .then(|| fail(format!("{plain} is {first} in {PATH} and {value} in eval_results.json")))
    })
}

/// The texts of a value that say something.
fn texts(value: &Value) -> Vec<&str> {
    let all = match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        Value::String(text) => vec![text.as_str()],
        _ => Vec::new(),
    };
    all.into_iter().filter(|text| !text.trim().is_empty()).collect()
}

/// Whether a text is the name of a repository: `name` or `owner/name`.
fn is_repository(text: &str) -> bool {
    let is_name = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
            && !part.starts_with('.')
    };
    text.split('/').count() <= 2 && text.split('/').all(is_name)
}
