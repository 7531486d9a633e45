//! The documents of a run: JSON and YAML files that say what it is.

use std::collections::BTreeMap;

use gate_ci::yaml::Node;
use serde_json::{Map, Value};

use crate::directory::Directory;
use crate::json;

/// What reading one document gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Document {
    /// It is not there.
    #[default]
    Missing,
    /// It is there and cannot be understood; why, as the end of a sentence.
    Broken(String),
    /// What it says.
    Read(Value),
}

impl Document {
    /// What it says, where it was understood.
    pub(crate) fn value(&self) -> Option<&Value> {
        match self {
            Document::Read(value) => Some(value),
            _ => None,
        }
    }
}

/// The documents that a run may have, by path.
#[derive(Debug, Default)]
pub(crate) struct Documents(BTreeMap<&'static str, Document>);

/// Every path that is read as a document. The first of `eval/` and the top is that of the run.
pub(crate) const PATHS: &[&str] = &[
    "manifest.json",
    "decision.json",
    "hashes.json",
    "run_meta.json",
    "environment.json",
    "config.yaml",
    "eval/eval_results.json",
    "eval_results.json",
    "redaction_audit.json",
    "contamination.json",
];

/// What metrics are called as a document where each has a file of its own.
pub(crate) const METRICS: &str = "metrics";

impl Documents {
    /// Reads all documents of a directory.
    pub(crate) fn of(directory: &Directory) -> Self {
        Self(PATHS.iter().map(|path| (*path, read(directory, path))).collect())
    }

    /// With documents that stand for other files, in place of those at the same paths.
    pub(crate) fn with(mut self, others: impl IntoIterator<Item = (&'static str, Document)>) -> Self {
        self.0.extend(others);
        self
    }

    /// The document at a path of [`PATHS`], or one that was added.
    pub(crate) fn get(&self, path: &str) -> &Document {
        self.0.get(path).unwrap_or(&Document::Missing)
    }

    /// What the document at this path says.
    pub(crate) fn value(&self, path: &str) -> Option<&Value> {
        self.get(path).value()
    }

    /// The results of the evaluation, with their path.
    pub(crate) fn results(&self) -> (&'static str, &Document) {
        if let Some(metrics) = self.0.get(METRICS) {
            return (METRICS, metrics);
        }
        let nested = self.get("eval/eval_results.json");
        match (nested, self.get("eval_results.json")) {
            (Document::Missing, top) if *top != Document::Missing => ("eval_results.json", top),
            _ => ("eval/eval_results.json", nested),
        }
    }
}

fn read(directory: &Directory, path: &str) -> Document {
    let bytes = match directory.document(path) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Document::Missing,
        Err(error) => return Document::Broken(error),
    };
    let parsed = if path.ends_with(".yaml") {
        from_yaml(&bytes)
    } else {
        json::parse(&bytes)
    };
    match parsed {
        Ok(value) => Document::Read(value),
        Err(error) => Document::Broken(error),
    }
}

/// A YAML document of a directory.
pub(crate) fn yaml(directory: &Directory, path: &str) -> Document {
    match directory.document(path) {
        Ok(None) => Document::Missing,
        Ok(Some(bytes)) => from_yaml(&bytes).map_or_else(Document::Broken, Document::Read),
        Err(why) => Document::Broken(why),
    }
}

/// Reads a YAML document as the value that JSON would have.
///
/// # Errors
/// What is wrong, with its line.
pub(crate) fn from_yaml(bytes: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let documents = gate_ci::yaml::parse(text, 0).map_err(|error| format!("line {} {}", error.line, error.message))?;
    match documents.as_slice() {
        [] => Ok(Value::Null),
        [one] => of_node(one),
        [_, second, ..] => Err(format!("line {} begins a second document", second.line())),
    }
}

fn of_node(node: &Node) -> Result<Value, String> {
    if node.is_mapping() {
        let mut object = Map::new();
        for (key, value) in node.entries() {
            let Some(key) = key.scalar() else {
                return Err(format!("line {} has a key that is not a word", key.line()));
            };
            if object.insert(key.text.clone(), of_node(value)?).is_some() {
                return Err(format!("line {}: the key `{}` stands twice", value.line(), key.text));
            }
        }
        return Ok(Value::Object(object));
    }
    if node.is_sequence() {
        return node
            .items()
            .iter()
            .map(of_node)
            .collect::<Result<_, _>>()
            .map(Value::Array);
    }
    let Some(text) = node.text() else {
        return Ok(Value::Null);
    };
    Ok(scalar(text))
}

/// A plain scalar of YAML 1.2's core schema. A number that is not finite stays a word, so that it is seen.
pub(crate) fn scalar(text: &str) -> Value {
    match text {
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Ok(number) = text.parse::<i64>() {
        return Value::Number(number.into());
    }
    let like_number = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
    let number = like_number.then(|| text.parse::<f64>().ok()).flatten();
    number
        .and_then(serde_json::Number::from_f64)
        .map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

/// The value under the first of these keys that is there.
pub(crate) fn first<'v>(value: &'v Value, keys: &[&str]) -> Option<&'v Value> {
    keys.iter().find_map(|key| value.get(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn yaml_is_read_like_json() {
        let text =
            "task: sft\nseed: 42\ntraining:\n  learning_rate: 2e-4\n  resume: false\n  worst: .nan\ndata: [a, null]\n";
        assert_eq!(
            from_yaml(text.as_bytes()).expect("it is YAML"),
            json!({"task": "sft", "seed": 42, "training": {"learning_rate": 0.0002, "resume": false, "worst": ".nan"}, "data": ["a", null]})
        );
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        let error = from_yaml(b"seed: 1\nseed: 2\n").expect_err("twice");
        assert_eq!(error, "line 2: the key `seed` stands twice");
    }
}
