//! `privacy_safety`: every file of the run is searched again for secrets and for what names a person, data sets as the texts they decode to. An audit
//! that somebody wrote is read for one thing only: whether it contradicts what was found.

use std::collections::BTreeMap;
use std::path::Path;

use gate_base::error::{Error, Result};
use gate_text::secrets::Severity;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::search::{self, Searched};
use crate::documents::Document;
use crate::mlflow::Model;
use crate::report::Status;
use crate::rows::{Batch, Format, Rows, Text};
use crate::run::Run;
use crate::said::{self, Said};
use crate::verdict::Verdict;

/// Files of weights and of pictures hold no text that this search could read.
const BINARY: &[&str] = &[
    "safetensors",
    "gguf",
    "onnx",
    "pt",
    "pth",
    "bin",
    "ckpt",
    "h5",
    "keras",
    "npy",
    "npz",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "webp",
    "cubin",
];
/// Most findings that are named; the others are counted.
const NAMED: usize = 50;

/// One finding, without what was found.
struct Found {
    file: String,
    row: u64,
    kind: &'static str,
    severity: Severity,
    masked: String,
}

impl Found {
    fn of(file: &str, row: u64, hit: search::Hit) -> Self {
        Self {
            file: file.to_owned(),
            row,
            kind: hit.kind,
            severity: hit.severity,
            masked: hit.masked,
        }
    }
}

pub(super) fn check(run: &Run<'_>) -> Result<Verdict> {
    let mut found = Vec::new();
    let mut searched = 0_usize;
    let mut unread: Vec<(Status, String)> = Vec::new();
    let mut skipped = Vec::new();
    // What may hold text, and was not searched.
    let mut closed: Vec<String> = Vec::new();
    let data = run.data();
    let outside = data
        .train
        .iter()
        .chain(&data.eval)
        .filter_map(|set| Some((set.name.clone(), set.path.clone()?)));
    let mut files: BTreeMap<String, std::path::PathBuf> = outside.collect();
    files.extend(
        run.directory
            .entries
            .iter()
            .filter(|entry| entry.is_file())
            .map(|entry| (entry.path.clone(), run.directory.root.join(&entry.path))),
    );
    files.extend(run.models().iter().flat_map(Model::files));
    for (name, path) in &files {
        let is_data = data.unreadable.contains(name);
        if is_binary(name) {
            if is_data {
                closed.push(format!("`{name}` was not searched: its format cannot be read"));
            }
            skipped.push(Value::from(name.as_str()));
            continue;
        }
        if Format::of(name).is_some() {
            found.extend(rows(name, path, &mut unread)?);
            searched += 1;
            continue;
        }
        match search::file(path).map_err(|error| Error::io("read", path, &error))? {
            Searched::Whole(hits) => {
                found.extend(hits.into_iter().map(|(row, hit)| Found::of(name, row, hit)));
                searched += 1;
            }
            Searched::Not(why) => {
                closed.push(format!("`{name}` was not searched: {why}"));
                skipped.push(Value::from(name.as_str()));
            }
            Searched::Broken(why) => unread.push((Status::Fail, format!("`{name}` cannot be searched: {why}"))),
        }
    }
    for (name, text) in &run.recorded.texts {
        let hits = search::text(text.as_bytes());
        found.extend(hits.into_iter().map(|hit| Found::of(name, 1, hit)));
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &found {
        *counts.entry(one.kind).or_default() += 1;
    }
    let of = |severity| found.iter().filter(|one| one.severity == severity).count();
    let high = of(Severity::High);
    let named: Vec<Value> = found
        .iter()
        .take(NAMED)
        .map(|one| json!({"file": one.file, "line": one.row, "type": one.kind, "masked": one.masked}))
        .collect();
    let place = |severity| {
        found
            .iter()
            .find(|one| one.severity == severity)
            .map_or(String::new(), |one| {
                format!(", the first {} in `{}` line {}", one.kind, one.file, one.row)
            })
    };
    let verdict = if let Some((status, message)) = unread.into_iter().next() {
        Verdict::new(status, message)
    } else if high > 0 {
        Verdict::fail(format!(
            "Redaction audit failed: {} findings{}",
            found.len(),
            place(Severity::High)
        ))
    } else if let Some(said) = contradicted(run) {
        Verdict::fail(format!("Redaction audit failed: `redaction_audit.json` {said}"))
    } else if of(Severity::Medium) > 0 {
        Verdict::warn(format!(
            "Redaction audit: {} findings of medium severity{}",
            of(Severity::Medium),
            place(Severity::Medium)
        ))
    } else if searched == 0 {
        Verdict::warn("No redaction audit performed: there is no file to search")
    } else if let Some(first) = closed.first() {
        let more = match closed.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        Verdict::warn(format!("{first}{more}")).with("problems", closed)
    } else {
        Verdict::pass(format!("Redaction audit passed: {searched} files searched"))
    };
    Ok(verdict
        .with("findings_by_type", json!(counts))
        .with("findings", named)
        .with("files_scanned", searched)
        .with("not_searched", skipped))
}

fn is_binary(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, end)| BINARY.contains(&end.to_ascii_lowercase().as_str()))
}

/// What an audit in the run says that is no success: then these files are not those that were audited, or were not audited. One that passed
/// proves nothing.
fn contradicted(run: &Run<'_>) -> Option<String> {
    match run.documents.get("redaction_audit.json") {
        Document::Missing => None,
        Document::Broken(why) => Some(format!("cannot be read: {why}")),
        Document::Read(audit) if is_empty(audit) => Some("is empty".to_owned()),
        Document::Read(audit) => {
            let failed = said::within(audit).into_iter().find(|one| one.said == Said::Bad)?;
            Some(format!("says {} {}", failed.key, failed.word))
        }
    }
}

/// Whether a report has nothing in it.
pub(super) fn is_empty(report: &Value) -> bool {
    match report {
        Value::Object(object) => object.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Null => true,
        _ => false,
    }
}

/// Searches the decoded texts of a data set. A file that cannot be read to its end was not searched.
fn rows(name: &str, path: &Path, unread: &mut Vec<(Status, String)>) -> Result<Vec<Found>> {
    let mut rows = Rows::open(path)?;
    let mut found = Vec::new();
    let mut ended = false;
    while !ended {
        let mut batches = Vec::new();
        while batches.len() < rayon::current_num_threads() * 2 {
            match rows.batch() {
                Ok(Some(batch)) => batches.push(batch),
                Ok(None) => {
                    ended = true;
                    break;
                }
                Err(error) => {
                    unread.push((Status::Fail, format!("`{name}` cannot be searched: {error}")));
                    return Ok(found);
                }
            }
        }
        let parts: Vec<_> = batches.par_iter().map(|batch| part(name, batch)).collect();
        for part in parts {
            match part {
                Ok(more) => found.extend(more),
                Err((row, why)) => {
                    unread.push((Status::Fail, format!("`{name}` row {row} cannot be searched: {why}")));
                    return Ok(found);
                }
            }
        }
    }
    Ok(found)
}

fn part(name: &str, batch: &Batch) -> std::result::Result<Vec<Found>, (u64, String)> {
    let mut decoded = String::new();
    let mut starts: Vec<(usize, u64)> = Vec::new();
    let mut text = Text {
        whole: true,
        ..Text::default()
    };
    batch.each(&mut text, |row, text| {
        starts.push((decoded.len(), row));
        decoded.push_str(&text.prompt);
        decoded.push('\n');
        decoded.push_str(&text.rest);
        decoded.push('\n');
    })?;
    let row = |at: usize| {
        starts
            .partition_point(|(start, _)| *start <= at)
            .checked_sub(1)
            .map_or(batch.first, |last| starts[last].1)
    };
    let hits = search::text(decoded.as_bytes());
    Ok(hits
        .into_iter()
        .map(|hit| Found::of(name, row(hit.span.start), hit))
        .collect())
}
