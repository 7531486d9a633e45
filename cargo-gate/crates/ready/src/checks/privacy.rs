//! `privacy_safety`: every file of the run is searched again for secrets and for what names a person, data sets as the texts they decode to. An audit
//! that somebody wrote is read for one thing only: whether it contradicts what was found.

use std::collections::BTreeMap;
use std::path::Path;

use gate_base::error::{Error, Result};
use gate_text::secrets::{self, Kind, Severity, personal};
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::documents::Document;
use crate::identity;
use crate::report::Status;
use crate::rows::{Batch, Format, Rows, Text};
use crate::run::Run;
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
    "parquet",
    "arrow",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "webp",
    "pdf",
    "cubin",
    "zip",
    "tar",
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

pub(super) fn check(run: &Run<'_>) -> Result<Verdict> {
    let mut found = Vec::new();
    let mut searched = 0_usize;
    let mut unread: Vec<(Status, String)> = Vec::new();
    let mut skipped = Vec::new();
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
            .map(|entry| (entry.path.clone(), run.directory.root.join(&entry.path))),
    );
    for (name, path) in &files {
        if is_binary(name) {
            skipped.push(Value::from(name.as_str()));
            continue;
        }
        let each = if Format::of(name).is_some() {
            rows(name, path, &mut unread)?
        } else {
            whole(name, path)?
        };
        found.extend(each);
        searched += 1;
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
    } else if of(Severity::Medium) > 0 {
        Verdict::warn(format!(
            "Redaction audit: {} findings of medium severity{}",
            of(Severity::Medium),
            place(Severity::Medium)
        ))
    } else if searched == 0 {
        Verdict::warn("No redaction audit performed: there is no file to search")
    } else if contradicted(run) {
        Verdict::warn("Redaction audit: `redaction_audit.json` names findings that these files do not have")
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

/// An audit in the run that failed, while nothing is found: the files are not those that were audited.
fn contradicted(run: &Run<'_>) -> bool {
    match run.documents.get("redaction_audit.json") {
        Document::Read(audit) => audit.get("status").and_then(Value::as_str) == Some("FAIL"),
        Document::Broken(_) => true,
        Document::Missing => false,
    }
}

/// Searches a text, and says for each finding where it begins.
fn search(text: &[u8]) -> Vec<(usize, &'static str, Severity, String)> {
    let mut found: Vec<(usize, &'static str, Severity, String)> = Vec::new();
    let hits = secrets::scan(text).into_iter().chain(personal::scan_personal(text));
    found.extend(
        hits.filter(|hit| hit.kind != Kind::HighEntropy)
            .map(|hit| (hit.span.start, hit.kind.name(), hit.kind.severity(), hit.masked)),
    );
    let numbers = identity::scan(text);
    found.extend(
        numbers
            .into_iter()
            .map(|(kind, span)| (span.start, kind.name(), Severity::High, "****".to_owned())),
    );
    found.sort_by_key(|(at, ..)| *at);
    found
}

fn whole(name: &str, path: &Path) -> Result<Vec<Found>> {
    let bytes = std::fs::read(path).map_err(|error| Error::io("read", path, &error))?;
    let mut lines = Lines::default();
    let named = search(&bytes).into_iter().map(|(at, kind, severity, masked)| Found {
        file: name.to_owned(),
        row: lines.at(&bytes, at),
        kind,
        severity,
        masked,
    });
    Ok(named.collect())
}

/// Numbers of lines, asked for in ascending order.
#[derive(Default)]
struct Lines {
    at: usize,
    breaks: u64,
}

impl Lines {
    fn at(&mut self, bytes: &[u8], at: usize) -> u64 {
        self.breaks += memchr::memchr_iter(b'\n', &bytes[self.at..at]).count() as u64;
        self.at = at;
        self.breaks + 1
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
    let named = search(decoded.as_bytes())
        .into_iter()
        .map(|(at, kind, severity, masked)| Found {
            file: name.to_owned(),
            row: row(at),
            kind,
            severity,
            masked,
        });
    Ok(named.collect())
}
