//! A run of MLflow's file store as documents that the checks know. The format is that of `mlflow.store.tracking.file_store` of
//! MLflow 2 and 3: `meta.yaml`, and below `metrics/`, `params/` and `tags/` one file for each key, called like the key.

use std::cell::RefCell;
use std::path::PathBuf;

use gate_base::error::Result;
use serde_json::{Map, Value};

use super::metric::Latest;
use super::model::{META, Model, Recorded, Used, Version, keyed, parameter};
use crate::directory::Directory;
use crate::documents::{Document, yaml};

/// What the files of a run record.
///
/// # Errors
/// The directory of a model cannot be listed.
pub(super) fn read(run: &Directory) -> Result<Recorded> {
    let outside = RefCell::default();
    let datasets = datasets(run, &outside);
    let models = models(run, &outside)?;
    let versions = versions(run, &models, &outside)?;
    Ok(Recorded {
        meta: yaml(run, META),
        metrics: keyed(below(run, "metrics/", last)),
        parameters: keyed(below(run, "params/", |text| Ok(parameter(text)))),
        has_commit: run.entry("tags/mlflow.source.git.commit").is_some(),
        datasets,
        models,
        versions,
        outside: outside.into_inner(),
        ..Recorded::default()
    })
}

/// One value for each file below a directory of the run, by its name.
fn below(
    directory: &Directory,
    under: &str,
    read: impl Fn(&str) -> std::result::Result<Value, String>,
) -> std::result::Result<Map<String, Value>, String> {
    let named = |entry| crate::directory::Entry::path_below(entry, under);
    directory
        .entries
        .iter()
        .filter_map(named)
        .map(|(path, name)| {
            let told = |why: String| format!("`{path}`: {why}");
            let bytes = directory.document(path).map_err(told)?.unwrap_or_default();
            let text = String::from_utf8(bytes).map_err(|_| told("it is not UTF-8".into()))?;
            Ok((name.to_owned(), read(&text).map_err(told)?))
        })
        .collect()
}

/// The value of a metric: each line is `timestamp value step`, which a data set and its digest may follow, and lines come in the
/// order in which they were written.
fn last(text: &str) -> std::result::Result<Value, String> {
    let mut best: Option<Latest> = None;
    for (at, line) in text.lines().enumerate() {
        let malformed = || format!("line {} is not `timestamp value step`", at + 1);
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (time, value, step) = match fields.as_slice() {
            [time, value] => (*time, *value, "0"),
            // The data set that it was computed from follows, where MLflow knows it. MLflow's own reader then takes the step for 0.
            [time, value, step] | [time, value, step, _, _] => (*time, *value, *step),
            _ => return Err(malformed()),
        };
        let whole = |text: &str| text.parse::<i64>().map_err(|_| malformed());
        let one = Latest {
            step: whole(step)?,
            time: whole(time)?,
            value: value.parse().map_err(|_| malformed())?,
        };
        best = Some(one.or(best));
    }
    best.map(Latest::json).ok_or_else(|| "it is empty".to_owned())
}

/// The models that a run records as its outputs, by id. MLflow 3 keeps them next to the runs of the experiment.
///
/// # Errors
/// The directory of one cannot be listed.
fn models(run: &Directory, outside: &RefCell<Vec<PathBuf>>) -> Result<Vec<Model>> {
    let root = run.root.canonicalize().unwrap_or_else(|_| run.root.clone());
    let Some(experiment) = root.parent() else {
        return Ok(Vec::new());
    };
    let outputs = run
        .entries
        .iter()
        .filter_map(|entry| entry.path_below("outputs/")?.1.strip_suffix("/meta.yaml"))
        .filter(|id| !id.contains('/'));
    outputs
        .map(|id| {
            let root = experiment.join("models").join(id);
            outside.borrow_mut().push(root.clone());
            let directory = root.is_dir().then(|| Directory::open(&root)).transpose()?;
            Ok(Model {
                id: id.to_owned(),
                meta: directory.as_ref().map_or(Document::Missing, |files| yaml(files, META)),
                place: format!("models/{id}"),
                directory,
            })
        })
        .collect()
}

/// The data sets that a run records as its inputs.
fn datasets(run: &Directory, outside: &RefCell<Vec<PathBuf>>) -> Vec<Used> {
    let root = run.root.canonicalize().unwrap_or_else(|_| run.root.clone());
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let inputs = run.entries.iter().filter_map(|entry| {
        entry
            .path_below("inputs/")
            .filter(|(_, name)| name.ends_with("/meta.yaml"))
    });
    inputs
        .filter_map(|(path, _)| {
            let input = yaml(run, path).value()?.clone();
            let id = text(&input, "source_id");
            let is_name = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            let described = root.parent()?.join("datasets").join(is_name.then_some(&id)?);
            outside.borrow_mut().push(described.clone());
            let kept = Directory::open(&described).ok()?;
            let set = yaml(&kept, META).value()?.clone();
            let context = input
                .get("tags")
                .and_then(|tags| match tags {
                    Value::Object(tags) => tags.get("mlflow.data.context").and_then(Value::as_str),
                    _ => None,
                })
                .unwrap_or_default()
                .to_owned();
            Some(Used {
                context,
                name: text(&set, "name"),
                digest: set.get("digest").map(digest).unwrap_or_default(),
            })
        })
        .collect()
}

/// Versions of registered models that are of this run or of one of its models. They are kept next to the experiments.
///
/// # Errors
/// Their directory cannot be listed.
fn versions(run: &Directory, models: &[Model], outside: &RefCell<Vec<PathBuf>>) -> Result<Vec<Version>> {
    let root = run.root.canonicalize().unwrap_or_else(|_| run.root.clone());
    let Some(registry) = root
        .parent()
        .and_then(|experiment| Some(experiment.parent()?.join("models")))
    else {
        return Ok(Vec::new());
    };
    outside.borrow_mut().push(registry.clone());
    if !registry.is_dir() {
        return Ok(Vec::new());
    }
    let kept = Directory::open(&registry)?;
    let paths = kept.entries.iter().filter_map(|entry| {
        let (name, number) = entry.path.strip_suffix("/meta.yaml")?.rsplit_once("/version-")?;
        Some((entry.path.as_str(), name, number))
    });
    let versions = paths.filter_map(|(path, name, number)| {
        let meta = yaml(&kept, path).value()?.clone();
        let text = |key: &str| meta.get(key).and_then(Value::as_str).unwrap_or_default();
        let model = text("source").strip_prefix("models:/").map(str::to_owned);
        let is_of_model = models.iter().any(|ours| Some(&ours.id) == model.as_ref());
        let is_of_run = root.file_name().is_some_and(|id| *id == *text("run_id"));
        let aliases = kept.entries.iter().filter_map(|entry| {
            let alias = entry.path.strip_prefix(name)?.strip_prefix("/aliases/")?;
            let to = kept.document(&entry.path).ok()??;
            (to.trim_ascii() == number.as_bytes()).then(|| alias.to_owned())
        });
        (is_of_run || is_of_model).then(|| Version {
            name: format!("{name} version {number}"),
            status: text("status").to_owned(),
            run: text("run_id").to_owned(),
            model,
            aliases: aliases.collect(),
        })
    });
    Ok(versions.collect())
}

/// A digest that has digits only is written as a number.
fn digest(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_greatest_step_counts_and_not_the_last_line() {
        for (text, wanted) in [
            ("1700 0.5 2\n1800 0.9 1\n", json!(0.5)),
            ("1700 0.5 1\n1800 0.4 1\n", json!(0.4)),
            ("1700 0.5 1\n1700 0.4 1\n", json!(0.5)),
            ("1700 0.5\n", json!(0.5)),
            ("1700 0.5 -3\n", json!(0.5)),
            ("1700 0.5 2 dataset 9fd6bb27\n1800 0.9 1 dataset 9fd6bb27\n", json!(0.5)),
            ("1700 nan 2\n1800 0.9 1\n", json!("NaN")),
            ("1700 -inf 0\n", json!("-inf")),
        ] {
            assert_eq!(last(text), Ok(wanted), "{text}");
        }
        for text in ["", "x 0.5 1\n", "1 x 1\n", "1 0.5 x\n", "1 0.5 1 1\n", "1 0.5 1\n\n"] {
            assert!(last(text).is_err(), "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "[0-9a-zA-Z .\\n+-]{0,60}|.{0,40}") {
            let _ = last(&text);
        }

        /// Lines in any order say the same.
        #[test]
        fn the_order_of_lines_does_not_matter(
            mut lines in proptest::collection::vec((-9_i64..9, -9_i64..9, -9_i8..9), 1..9),
        ) {
            let written = |lines: &[(i64, i64, i8)]| -> String {
                lines.iter().map(|(step, time, value)| format!("{time} {value} {step}\n")).collect()
            };
            let before = last(&written(&lines));
            lines.sort_unstable();
            proptest::prop_assert_eq!(&before, &last(&written(&lines)));
            let greatest = lines.last().map(|line| serde_json::json!(f64::from(line.2)));
            proptest::prop_assert_eq!(before.ok(), greatest);
        }
    }
}
