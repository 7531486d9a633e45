//! A run as the checks see it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use gate_base::error::Result;

use crate::card::{self, Card};
use crate::contamination::Part;
use crate::croissant::Croissant;
use crate::directory::{Directory, refused};
use crate::documents::{Documents, first};
use crate::layout::Layout;
use crate::mlflow::{self, Model, Recorded};
use crate::rows::Format;
use crate::signature::{self, Signature};
use crate::stand_in;

/// What is asked for, beside the directory itself.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What the run is called, and which run of a store is meant; the `run_id` of its documents or the name of the directory
    /// otherwise.
    pub run_id: Option<String>,
    /// The directory that paths of the configuration may also start from, such as the top of a repository.
    pub project: Option<PathBuf>,
    /// Training data, in addition to what the run declares.
    pub train: Vec<PathBuf>,
    /// Evaluation data, in addition to what the run declares.
    pub eval: Vec<PathBuf>,
    /// The run to compare with, in place of what the run declares.
    pub baseline: Option<PathBuf>,
    /// Public keys in PEM, of those who may sign models.
    pub model_keys: Vec<String>,
    /// Parts of the comparison of training and evaluation data, with what they are called, where it is not carried out here.
    pub parts: Vec<(String, Part)>,
}

/// A run directory that was read.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) directory: Directory,
    pub(crate) documents: Documents,
    pub(crate) layout: Layout,
    /// What MLflow records of it.
    pub(crate) recorded: Recorded,
    /// Signatures among its files.
    pub(crate) signatures: Vec<Signature>,
    /// The data set that Croissant describes.
    pub(crate) croissant: Option<Croissant>,
    /// The card of the hub, also next to a description in Croissant.
    pub(crate) card: Option<Card>,
    pub(crate) options: &'a Options,
    /// Every path that was looked at, whether or not something is there.
    seen: Mutex<BTreeSet<PathBuf>>,
}

/// A data set that belongs to a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataSet {
    /// What it is called in reports.
    pub(crate) name: String,
    /// Where it lies; `None` where it is declared and not there.
    pub(crate) path: Option<PathBuf>,
}

/// Both sides of the data of a run.
#[derive(Debug, Default)]
pub(crate) struct Data {
    pub(crate) train: Vec<DataSet>,
    pub(crate) eval: Vec<DataSet>,
    /// Declared paths that are refused, with why.
    pub(crate) refused: Vec<(String, &'static str)>,
    /// Files of the run that are named like data, in a format that is not read.
    pub(crate) unreadable: Vec<String>,
    /// Files of the run that hold rows and are on neither side, so that nothing compares them.
    pub(crate) stray: Vec<String>,
}

impl<'a> Run<'a> {
    /// Reads a run directory.
    ///
    /// # Errors
    /// It is not there or is not a directory (usage), or cannot be listed.
    pub(crate) fn open(root: &Path, options: &'a Options) -> Result<Self> {
        let directory = match mlflow::chosen(root, options.run_id.as_deref())? {
            Some(chosen) => chosen,
            None => Directory::open(root)?,
        };
        let given = options.train.iter().chain(&options.eval).cloned();
        let layout = Layout::of(&directory);
        let recorded = match layout {
            Layout::Mlflow => mlflow::recorded(&directory)?.unwrap_or_default(),
            _ => Recorded::default(),
        };
        let is_described = matches!(layout, Layout::Croissant | Layout::ModelCard | Layout::DatasetCard);
        let documents = match layout {
            Layout::Mlflow => recorded.documents(&directory),
            _ => stand_in::documents(&directory)?,
        };
        let outside = recorded.outside.iter().cloned();
        Ok(Self {
            documents,
            signatures: signature::of(&directory, &options.model_keys),
            croissant: is_described.then(|| Croissant::of(&directory)).flatten(),
            card: is_described.then(|| Card::of(&directory)).flatten(),
            layout,
            seen: Mutex::new(given.chain(outside).chain([directory.root.clone()]).collect()),
            recorded,
            directory,
            options,
        })
    }

    /// Whether the document at a path says what the directory is.
    pub(crate) fn describes(&self, path: &str) -> bool {
        let is_card = self.card.is_some() && matches!(path, card::PATH | card::CONFIG);
        is_card || self.croissant.as_ref().is_some_and(|croissant| croissant.path == path)
    }

    /// Notes that the verdict depends on what is at a path, or that nothing is.
    pub(crate) fn saw(&self, path: &Path) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(path.to_path_buf());
    }

    /// Models that the run made and that MLflow keeps outside its directory.
    pub(crate) fn models(&self) -> &[Model] {
        &self.recorded.models
    }

    /// Every path that the verdict depends on: a directory stands for all that is in it.
    pub(crate) fn seen(self) -> Vec<PathBuf> {
        let seen = self.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        seen.into_iter().collect()
    }

    /// What the run is called.
    pub(crate) fn id(&self) -> String {
        let written = ["manifest.json", "run_meta.json", "decision.json", mlflow::META]
            .into_iter()
            .find_map(|path| self.documents.value(path)?.get("run_id")?.as_str());
        let named = || {
            let whole = self
                .directory
                .root
                .canonicalize()
                .unwrap_or_else(|_| self.directory.root.clone());
            whole
                .file_name()
                .map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned())
        };
        // What chooses a run of a store may be the name of a model.
        let asked = self.options.run_id.clone().filter(|_| self.recorded.database.is_none());
        asked.or_else(|| written.map(str::to_owned)).unwrap_or_else(named)
    }

    /// A value of the configuration, under the first of these paths of keys.
    pub(crate) fn setting(&self, paths: &[&[&str]]) -> Option<&Value> {
        let config = self
            .documents
            .value("config.yaml")
            .or_else(|| self.documents.value("manifest.json")?.get("config"))?;
        paths
            .iter()
            .find_map(|keys| keys.iter().try_fold(config, |value, key| value.get(key)))
    }

    /// The data that the run declares, that lies in it, and that was named on the command line.
    pub(crate) fn data(&self) -> Data {
        let mut data = Data::default();
        for (role, keys) in [
            (Role::Train, &["train", "training"][..]),
            (Role::Eval, &["eval", "test", "validation", "valid", "dev"]),
        ] {
            for key in keys {
                let declared = self.setting(&[&["data_paths", key], &["data", key], &["datasets", key]]);
                for path in declared.map(texts).unwrap_or_default() {
                    self.declare(&mut data, role, path);
                }
            }
        }
        for item in self
            .documents
            .value("manifest.json")
            .and_then(|manifest| manifest.get("artifacts")?.as_array())
            .into_iter()
            .flatten()
        {
            let (Some(path), Some(role)) = (
                item.get("path").and_then(Value::as_str),
                first(item, &["role", "split", "kind"]).and_then(Value::as_str),
            ) else {
                continue;
            };
            if let Some(role) = Role::named(role) {
                self.declare(&mut data, role, path);
            }
        }
        let mut unreadable = BTreeSet::new();
        let configs = self.card.iter().flat_map(|card| &card.configs);
        for split in configs.flat_map(|config| &config.splits) {
            let role = Role::of_split(&split.name);
            let is_declared = !split.patterns.is_empty();
            for file in split.files.iter().filter(|file| is_declared || !is_made(file)) {
                match Format::of(file) {
                    Some(_) => self.declare(&mut data, role, file),
                    None if is_table(file) => _ = unreadable.insert(file),
                    None => {}
                }
            }
        }
        for entry in self.directory.entries.iter().filter(|entry| entry.is_file()) {
            let is_declared = unreadable.contains(&entry.path);
            if is_declared || (is_unreadable(&entry.path) && !self.is_summary(&entry.path)) {
                data.unreadable.push(entry.path.clone());
            }
            let known = data.train.iter().chain(&data.eval).any(|set| set.name == entry.path);
            if known || Format::of(&entry.path).is_none() {
                continue;
            }
            match Role::of_file(&entry.path) {
                Some(role) => self.declare(&mut data, role, &entry.path),
                None if is_made(&entry.path) => {}
                None if Format::of(&entry.path) == Some(Format::JsonLines) => data.stray.push(entry.path.clone()),
                None => {}
            }
        }
        let given = |path: &PathBuf| DataSet {
            name: path.to_string_lossy().into_owned(),
            path: path.is_file().then(|| path.clone()),
        };
        data.train.extend(self.options.train.iter().map(given));
        data.eval.extend(self.options.eval.iter().map(given));
        data
    }

    fn declare(&self, data: &mut Data, role: Role, path: &str) {
        if let Some(why) = refused(path) {
            data.refused.push((path.to_owned(), why));
            return;
        }
        let side = match role {
            Role::Train => &mut data.train,
            Role::Eval => &mut data.eval,
        };
        if side.iter().all(|set| set.name != path) {
            side.push(DataSet {
                name: path.to_owned(),
                path: self.find(path),
            });
        }
    }

    /// Whether a JSON file holds numbers and names only, as `eval.json` with metrics does: nothing to learn from.
    fn is_summary(&self, path: &str) -> bool {
        let is_json = path
            .rsplit_once('.')
            .is_some_and(|(_, end)| end.eq_ignore_ascii_case("json"));
        let bytes = self.directory.document(path).ok().flatten().filter(|_| is_json);
        let value = bytes.and_then(|bytes| crate::json::parse(&bytes).ok());
        value.is_some_and(|value| value.is_object() && sums_up(&value))
    }

    /// The file at a declared path: in the run, or from the top of the project.
    pub(crate) fn find(&self, path: &str) -> Option<PathBuf> {
        let roots = [Some(&self.directory.root), self.options.project.as_ref()];
        roots.into_iter().flatten().map(|root| root.join(path)).find(|path| {
            self.saw(path);
            path.is_file()
        })
    }
}

/// The texts of a value: itself, or those of its list.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Train,
    Eval,
}

impl Role {
    fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "train" | "training" | "dataset" | "tuning" | "calibration" => Some(Role::Train),
            "eval" | "evaluation" | "test" | "validation" | "valid" | "dev" => Some(Role::Eval),
            _ => None,
        }
    }

    /// What a split is for, by its name: one that is not known for an evaluation is learned from.
    fn of_split(name: &str) -> Self {
        let word = name.split(['-', '_', '.', '[']).next().unwrap_or(name);
        match word.to_ascii_lowercase().as_str() {
            "val" | "testing" => Role::Eval,
            word => Role::named(word).unwrap_or(Role::Train),
        }
    }

    /// What a data file in the run is by its name: `dataset.jsonl`, `data/train-0001.csv`, `eval.jsonl`.
    fn of_file(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next()?.split('.').next()?;
        let word = name.split(['-', '_']).next()?.to_ascii_lowercase();
        let plain = word.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let short = ["set", "data"].into_iter().find_map(|end| plain.strip_suffix(end));
        Role::named(plain).or_else(|| Role::named(short?))
    }
}

/// Whether a file has rows in a format that is not read, by its name.
fn is_table(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let end = uncompressed(&lower).rsplit_once('.').map_or("", |(_, end)| end);
    matches!(end, "json" | "parquet" | "arrow" | "txt")
}

/// Whether a value has no sentence, and no list that could be one in numbers.
fn sums_up(value: &Value) -> bool {
    /// Most words of a name, and most entries of a list.
    const NAME: usize = 3;
    const LIST: usize = 16;
    match value {
        Value::String(text) => text.split_whitespace().count() <= NAME,
        Value::Array(items) => items.len() <= LIST && items.iter().all(sums_up),
        Value::Object(object) => object.values().all(sums_up),
        _ => true,
    }
}

/// Whether a file is named like data, and is in a format that is not read: `train.parquet`, `eval-00001.json`, `test.jsonl.bz2`.
fn is_unreadable(path: &str) -> bool {
    /// Formats of data sets.
    const FORMATS: &[&str] = &[
        "json",
        "parquet",
        "arrow",
        "feather",
        "avro",
        "orc",
        "lance",
        "tfrecord",
        "tfrecords",
        "mds",
        "msgpack",
        "h5",
        "hdf5",
        "pkl",
        "pickle",
        "npy",
        "npz",
        "pt",
        "bin",
        "idx",
        "txt",
        "xml",
        "xlsx",
        "xls",
        "ods",
        "sqlite",
        "sqlite3",
        "db",
        "duckdb",
        "bz2",
        "xz",
        "lz4",
        "lzma",
        "br",
        "zip",
        "7z",
        "rar",
        "tar",
        "tgz",
    ];
    let lower = path.to_ascii_lowercase();
    let plain = uncompressed(&lower);
    let is_format = plain.rsplit_once('.').is_some_and(|(_, end)| FORMATS.contains(&end));
    is_format && Role::of_file(&lower).is_some() && !is_made(&lower)
}

/// Whether a file is made from data or says something of it, by a word of its name: `eval_results.json`, `predictions.jsonl`.
fn is_made(path: &str) -> bool {
    const WORDS: &[&str] = &[
        "results",
        "result",
        "config",
        "args",
        "arguments",
        "info",
        "infos",
        "metrics",
        "metric",
        "log",
        "logs",
        "history",
        "state",
        "report",
        "summary",
        "score",
        "scores",
        "param",
        "params",
        "stats",
        "statistics",
        "predictions",
        "meta",
        "metadata",
        "dict",
        "manifest",
        "schema",
        "card",
        "loss",
        "losses",
        "settings",
        "options",
        "output",
        "outputs",
        "time",
        "times",
        "requirements",
        "notes",
        "readme",
        "prediction",
        "generations",
        "completions",
        "samples",
        "sample",
        "items",
        "item",
        "events",
        "trace",
        "traces",
        "annotations",
        "labels",
    ];
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    name.split(['-', '_', '.']).any(|word| WORDS.contains(&word))
}

/// A name without the end that tells its compression.
fn uncompressed(lower: &str) -> &str {
    lower
        .strip_suffix(".gz")
        .or_else(|| lower.strip_suffix(".zst"))
        .unwrap_or(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_tell_their_side() {
        for (path, role) in [
            ("dataset.jsonl", Some(Role::Train)),
            ("data/train-00001.jsonl.gz", Some(Role::Train)),
            ("eval_set.csv", Some(Role::Eval)),
            ("test.jsonl", Some(Role::Eval)),
            ("train2.jsonl", Some(Role::Train)),
            ("Trainset.csv", Some(Role::Train)),
            ("dataset02.jsonl", Some(Role::Train)),
            ("testdata.jsonl", Some(Role::Eval)),
            ("predictions.jsonl", None),
            ("training_log.jsonl", Some(Role::Train)),
        ] {
            assert_eq!(Role::of_file(path), role, "{path}");
        }
    }

    #[test]
    fn data_that_cannot_be_read_is_known_by_its_name() {
        for path in [
            "train.parquet",
            "data/eval-00000-of-00002.json",
            "Test.jsonl.bz2",
            "train.bin",
            "dataset.json.gz",
        ] {
            assert!(is_unreadable(path), "{path}");
        }
        for path in [
            "train.jsonl",
            "eval/eval_results.json",
            "training_args.bin",
            "dataset_info.json",
            "train.log",
            "eval.yaml",
            "test.py",
            "predictions.parquet",
        ] {
            assert!(!is_unreadable(path), "{path}");
        }
    }
}
