//! `contract_integrity`: the documents of the layout are there, mean one thing, and say what they must.

use gate_base::error::Result;
use serde_json::Value;

use super::pointers;
use crate::documents::Document;
use crate::layout::Layout;
use crate::report::Status;
use crate::run::Run;
use crate::said::{self, Said};
use crate::verdict::Verdict;

/// What a field holds.
#[derive(Debug, Clone, Copy)]
enum Type {
    Text,
    TextOrNull,
    List,
    Object,
    Checks,
    Version,
}

/// The fields of each document.
const FIELDS: &[(&str, &[(&str, Type)])] = &[
    (
        "manifest.json",
        &[
            ("schema_version", Type::Version),
            ("run_id", Type::Text),
            ("timestamp", Type::Text),
            ("stage", Type::Text),
            ("git_head", Type::TextOrNull),
            ("tool_version", Type::Text),
            ("artifacts", Type::List),
        ],
    ),
    (
        "decision.json",
        &[
            ("run_id", Type::Text),
            ("status", Type::Text),
            ("checks", Type::Checks),
            ("checklist_sha256", Type::Text),
        ],
    ),
    ("hashes.json", &[("files", Type::Object), ("chain_hash", Type::Text)]),
    ("run_meta.json", &[("run_id", Type::Text), ("status", Type::Text)]),
];

pub(super) fn check(run: &Run<'_>) -> Result<Verdict> {
    match run.layout {
        Layout::Mlflow => return Ok(super::mlflow::contract(run)),
        Layout::Croissant | Layout::ModelCard | Layout::DatasetCard => return Ok(described(run)),
        Layout::Decided | Layout::Hashed => {}
    }
    let required = run.layout.required();
    let missing: Vec<&str> = required.iter().copied().filter(|path| is_missing(run, path)).collect();
    if !missing.is_empty() {
        let found: Vec<Value> = run
            .directory
            .entries
            .iter()
            .take(50)
            .map(|entry| entry.path.as_str().into())
            .collect();
        return Ok(Verdict::fail(format!("Missing required files: {}", missing.join(", ")))
            .with("missing_files", missing)
            .with("expected_files", required.to_vec())
            .with("found_files", found));
    }
    let mut problems = Vec::new();
    for path in crate::documents::PATHS {
        match run.documents.get(path) {
            Document::Missing => {}
            Document::Broken(why) => problems.push((Status::Fail, format!("Cannot read {}: {why}", called(path)))),
            Document::Read(value) => {
                let fields = FIELDS
                    .iter()
                    .find(|(name, _)| name == path)
                    .map_or(&[][..], |(_, fields)| fields);
                // What another layout brings along is read, and holds to nothing but its own syntax.
                let owned = required.contains(path);
                problems.extend(
                    fields
                        .iter()
                        .filter(|_| owned)
                        .filter_map(|field| wrong(path, value, *field)),
                );
            }
        }
    }
    problems.extend(pointers::problems(&run.directory));
    problems.extend(decision(run));
    problems.extend(state(run));
    Ok(Verdict::of(&problems, "", "All required files present and valid").with("files", required.to_vec()))
}

/// A data set or a model that is described, and that no run left.
fn described(run: &Run<'_>) -> Verdict {
    let mut problems = pointers::problems(&run.directory);
    if let Some(croissant) = &run.croissant {
        problems.extend(super::croissant::contract(run, croissant));
    }
    if let Some(card) = &run.card {
        problems.extend(super::card::contract(run, card));
    }
    // What stands for the configuration has been read under its own name.
    for path in crate::documents::PATHS.iter().filter(|path| **path != "config.yaml") {
        if let Document::Broken(why) = run.documents.get(path) {
            problems.push((Status::Fail, format!("Cannot read {}: {why}", called(path))));
        }
    }
    Verdict::of(&problems, "", "All required files present and valid")
}

fn is_missing(run: &Run<'_>, path: &str) -> bool {
    match path {
        "eval/eval_results.json" => *run.documents.results().1 == Document::Missing,
        path => *run.documents.get(path) == Document::Missing,
    }
}

/// What a document is called in a message.
fn called(path: &str) -> &str {
    path.strip_suffix(".json").unwrap_or(path)
}

fn wrong(path: &str, value: &Value, (field, wanted): (&str, Type)) -> Option<(Status, String)> {
    let Some(found) = value.get(field) else {
        return Some((Status::Fail, format!("Invalid {}: missing {field}", called(path))));
    };
    let fits = match wanted {
        Type::Text => found.as_str().is_some_and(|text| !text.is_empty()),
        Type::TextOrNull => found.is_string() || found.is_null(),
        Type::List => found.is_array(),
        Type::Object => found.as_object().is_some_and(|object| !object.is_empty()),
        Type::Checks => match found {
            Value::Object(checks) => !checks.is_empty(),
            Value::Array(checks) => !checks.is_empty(),
            _ => false,
        },
        Type::Version => found.is_u64() || found.is_string(),
    };
    if !fits {
        return Some((
            Status::Fail,
            format!("Invalid {}: {field} is not {}", called(path), wanted.words()),
        ));
    }
    let known = !matches!(wanted, Type::Version) || is_known(found);
    (!known).then(|| {
        (
            Status::Fail,
            format!("Invalid {}: unknown schema_version {found}", called(path)),
        )
    })
}

impl Type {
    fn words(self) -> &'static str {
        match self {
            Type::Text => "a text",
            Type::TextOrNull => "a text or null",
            Type::List => "a list",
            Type::Object => "an object with entries",
            Type::Checks => "an object or a list with entries",
            Type::Version => "a version",
        }
    }
}

/// Versions that are understood: 1, and its minor versions.
fn is_known(version: &Value) -> bool {
    match version {
        Value::Number(number) => number.as_u64() == Some(1),
        Value::String(text) => {
            text == "1"
                || text.strip_prefix("1.").is_some_and(|rest| {
                    !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
                })
        }
        _ => false,
    }
}

/// A run whose own gate did not let it pass is not deployed. Every word that the decision ends with counts; that it is a success proves nothing.
fn decision(run: &Run<'_>) -> Vec<(Status, String)> {
    let mut problems = Vec::new();
    let Some(decision) = run.documents.value("decision.json") else {
        return problems;
    };
    for key in said::KEYS {
        let Some(value) = decision.get(key) else { continue };
        let words = said::under(key, value);
        if words.is_empty() {
            problems.push((Status::Fail, format!("Invalid decision: {key} is not a word")));
        }
        for one in words {
            let message = || format!("The decision of the run is {}: `{key}` of `decision.json`", one.word);
            match one.said {
                Said::Good => {}
                Said::Doubtful => problems.push((Status::Warn, message())),
                Said::Bad => problems.push((Status::Fail, message())),
            }
        }
    }
    problems.extend(silent(decision));
    problems
}

/// A check of the decision that does not say how it ended.
fn silent(decision: &Value) -> Option<(Status, String)> {
    let says = |check: &Value| check.is_string() || check.is_boolean() || !said::within(check).is_empty();
    let silent = match decision.get("checks")? {
        Value::Object(checks) => checks.iter().find(|(_, check)| !says(check))?.0.clone(),
        Value::Array(checks) => (checks.iter().position(|check| !says(check))? + 1).to_string(),
        _ => return None,
    };
    Some((
        Status::Warn,
        format!("The check {silent} of `decision.json` has no status"),
    ))
}

/// A run that did not come to its end is not deployed.
fn state(run: &Run<'_>) -> Option<(Status, String)> {
    let state = run.documents.value("run_meta.json")?.get("status")?.as_str()?;
    (said::word(state) != Said::Good).then(|| (Status::Fail, format!("The run is {state}")))
}
