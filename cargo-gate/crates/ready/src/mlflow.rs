//! A run of MLflow's file store as documents that the checks know. The format is that of `mlflow.store.tracking.file_store` of
//! MLflow 2 and 3: `meta.yaml`, and below `metrics/`, `params/` and `tags/` one file for each key, called like the key.

use std::path::{Path, PathBuf};

use gate_base::error::Result;
use serde_json::{Map, Value};

use crate::directory::Directory;
use crate::documents::{Document, METRICS, from_yaml, scalar};

/// The document of the run itself.
pub(crate) const META: &str = "meta.yaml";

/// The documents that the files of a run stand for: `meta.yaml`, its metrics as results, and its parameters as the configuration.
pub(crate) fn stand_in(directory: &Directory) -> [(&'static str, Document); 3] {
    let keys = |value: std::result::Result<Map<String, Value>, String>| match value {
        Ok(keys) if keys.is_empty() => Document::Missing,
        Ok(keys) => Document::Read(Value::Object(keys)),
        Err(why) => Document::Broken(why),
    };
    [
        (META, yaml(directory, META)),
        (METRICS, keys(below(directory, "metrics/", last))),
        (
            "config.yaml",
            keys(below(directory, "params/", |text| Ok(parameter(text)))),
        ),
    ]
}

/// A YAML document of a store.
pub(crate) fn yaml(directory: &Directory, path: &str) -> Document {
    match directory.document(path) {
        Ok(None) => Document::Missing,
        Ok(Some(bytes)) => from_yaml(&bytes).map_or_else(Document::Broken, Document::Read),
        Err(why) => Document::Broken(why),
    }
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
/// order in which they were written. As in MLflow, the one with the greatest step counts, then the latest, then the greatest. A
/// value that is not finite stays a word, so that it is seen.
fn last(text: &str) -> std::result::Result<Value, String> {
    let mut best: Option<(i64, i64, f64)> = None;
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
        let value: f64 = value.parse().map_err(|_| malformed())?;
        let one = (whole(step)?, whole(time)?, value);
        let later = best.is_none_or(|best| {
            (one.0, one.1)
                .cmp(&(best.0, best.1))
                .then(one.2.total_cmp(&best.2))
                .is_gt()
        });
        if later {
            best = Some(one);
        }
    }
    let (.., value) = best.ok_or("it is empty")?;
    Ok(serde_json::Number::from_f64(value).map_or_else(|| Value::String(value.to_string()), Value::Number))
}

/// A parameter, which MLflow writes as Python prints it. Names of schedules that scikit-learn takes where others take a number are no
/// setting that has a range.
fn parameter(text: &str) -> Value {
    const WORDS: &[&str] = &[
        "None",
        "constant",
        "optimal",
        "invscaling",
        "adaptive",
        "pa1",
        "pa2",
        "auto",
    ];
    match text.trim() {
        word if WORDS.contains(&word) => Value::Null,
        text => scalar(text),
    }
}

/// A model that a run made, which MLflow 3 keeps next to the runs of the experiment.
#[derive(Debug)]
pub(crate) struct Model {
    /// `m-` and 32 digits.
    pub(crate) id: String,
    /// Where it is kept.
    pub(crate) root: PathBuf,
    /// Its files; `None` where it is missing.
    pub(crate) directory: Option<Directory>,
}

impl Model {
    /// Its files, with what they are called in reports and where they are.
    pub(crate) fn files(&self) -> impl Iterator<Item = (String, PathBuf)> + '_ {
        let entries = self.directory.iter().flat_map(|directory| &directory.entries);
        entries.filter(|entry| entry.is_file()).map(|entry| {
            (
                format!("models/{}/{}", self.id, entry.path),
                self.root.join(&entry.path),
            )
        })
    }
}

/// The models that a run records as its outputs, by id.
///
/// # Errors
/// The directory of one cannot be listed.
pub(crate) fn models(run: &Directory) -> Result<Vec<Model>> {
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
            let directory = root.is_dir().then(|| Directory::open(&root)).transpose()?;
            Ok(Model {
                id: id.to_owned(),
                root,
                directory,
            })
        })
        .collect()
}

/// A data set that a run used.
#[derive(Debug, PartialEq)]
pub(crate) struct Used {
    /// `train`, `eval` and so on; empty where it is not recorded.
    pub(crate) context: String,
    /// What it is called.
    pub(crate) name: String,
    /// Its digest: eight digits of a sample's hash, which tell data sets of a store apart and protect nothing.
    pub(crate) digest: String,
}

/// The data sets that a run records as its inputs. `saw` is told where the store describes each.
pub(crate) fn datasets(run: &Directory, saw: &dyn Fn(&Path)) -> Vec<Used> {
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
            saw(&described);
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

    #[test]
    fn parameters_are_what_python_printed() {
        assert_eq!(parameter("None"), Value::Null);
        assert_eq!(parameter("True"), json!(true));
        assert_eq!(parameter("0.1"), json!(0.1));
        assert_eq!(parameter("optimal"), Value::Null);
        assert_eq!(parameter("l2"), json!("l2"));
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "[0-9a-zA-Z .\\n+-]{0,60}|.{0,40}") {
            let _ = last(&text);
            let _ = parameter(&text);
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
