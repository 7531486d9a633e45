//! What a store records of a run, whichever store it is.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::directory::Directory;
use crate::documents::{Document, Documents, METRICS, scalar};

/// The document of the run itself.
pub(crate) const META: &str = "meta.yaml";

/// What a store records of a run.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    /// The run itself, with the keys of [`META`].
    pub(super) meta: Document,
    pub(super) metrics: Document,
    pub(super) parameters: Document,
    /// Whether the commit of the source is recorded.
    pub(crate) has_commit: bool,
    pub(crate) datasets: Vec<Used>,
    /// The models that the run made.
    pub(crate) models: Vec<Model>,
    /// Versions of registered models that are of this run or of one of its models.
    pub(crate) versions: Vec<Version>,
    /// Where the store contradicts itself.
    pub(crate) contradictions: Vec<String>,
    /// Texts that are in no file of the run, with what they are called in reports.
    pub(crate) texts: Vec<(String, String)>,
    /// The database that it is recorded in, if it is in one.
    pub(crate) database: Option<PathBuf>,
    /// What was read outside the run.
    pub(crate) outside: Vec<PathBuf>,
}

impl Recorded {
    /// Documents of the run, and those that the record stands for.
    pub(crate) fn documents(&self, directory: &Directory) -> Documents {
        Documents::of(directory).with([
            (META, self.meta.clone()),
            (METRICS, self.metrics.clone()),
            ("config.yaml", self.parameters.clone()),
        ])
    }
}

/// Values by their keys as a document.
pub(super) fn keyed(keys: std::result::Result<Map<String, Value>, String>) -> Document {
    match keys {
        Ok(keys) if keys.is_empty() => Document::Missing,
        Ok(keys) => Document::Read(Value::Object(keys)),
        Err(why) => Document::Broken(why),
    }
}

/// A parameter, which MLflow writes as Python prints it. Names of schedules that scikit-learn takes where others take a number are no
/// setting that has a range.
pub(super) fn parameter(text: &str) -> Value {
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

/// A model that a run made.
#[derive(Debug)]
pub(crate) struct Model {
    /// `m-` and 32 digits.
    pub(crate) id: String,
    /// What the store says of it: `status` and `source_run_id`.
    pub(crate) meta: Document,
    /// Where it is kept, as the store says it.
    pub(crate) place: String,
    /// Its files; `None` where it is missing.
    pub(crate) directory: Option<Directory>,
}

impl Model {
    /// Its files, with what they are called in reports and where they are.
    pub(crate) fn files(&self) -> impl Iterator<Item = (String, PathBuf)> + '_ {
        self.directory.iter().flat_map(|directory| {
            directory.entries.iter().filter(|entry| entry.is_file()).map(|entry| {
                (
                    format!("models/{}/{}", self.id, entry.path),
                    directory.root.join(&entry.path),
                )
            })
        })
    }
}

/// A version of a registered model.
#[derive(Debug, PartialEq)]
pub(crate) struct Version {
    /// Name and number: `iris version 3`.
    pub(crate) name: String,
    /// `READY` where it can be used.
    pub(crate) status: String,
    /// The run that it is said to come from.
    pub(crate) run: String,
    /// The model that it was registered from, where it is one that MLflow keeps outside the run.
    pub(crate) model: Option<String>,
    /// What it is served as: `champion`.
    pub(crate) aliases: Vec<String>,
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
            let _ = parameter(&text);
        }
    }
}
