//! `hash_chain`: every file is the one that was recorded, every file was recorded, and the record is a whole.

use std::collections::{BTreeMap, BTreeSet};

use gate_base::digest::sha256_hex;
use gate_base::error::Result;
use serde_json::Value;

use crate::directory::{refused, sha256};
use crate::documents::first;
use crate::json::canonical;
use crate::report::Status;
use crate::run::Run;
use crate::verdict::Verdict;

/// A recorded hash.
struct Declared<'v> {
    path: &'v str,
    hash: Option<&'v str>,
    by: &'static str,
}

/// Files that hold records and can therefore not be recorded in themselves.
const RECORDS: &[&str] = &["hashes.json", "manifest.json", "decision.sig", "model.sig"];

pub(super) fn check(run: &Run<'_>) -> Result<Verdict> {
    let declared = declared(run);
    let mut problems = Vec::new();
    let mut verified = 0_usize;
    let mut listed = BTreeSet::new();
    let mut hashes: BTreeMap<&str, String> = BTreeMap::new();
    for Declared { path, hash, by } in &declared {
        if let Some(why) = refused(path) {
            problems.push((Status::Fail, format!("`{path}` in {by} is refused: {why}")));
            continue;
        }
        listed.insert(*path);
        let Some(file) = run.find(path) else {
            problems.push((Status::Fail, format!("`{path}`, which {by} records, is missing")));
            continue;
        };
        if run.directory.entry(path).is_some_and(|entry| entry.is_link) {
            problems.push((Status::Fail, format!("`{path}` is a link, and its target can change")));
            continue;
        }
        let Some(hash) = hash.map(bare).filter(|hash| is_sha256(hash)) else {
            problems.push((Status::Fail, format!("`{path}` in {by} has no SHA-256")));
            continue;
        };
        let now = match hashes.get(path) {
            Some(now) => now.clone(),
            None => hashes.entry(*path).or_insert(sha256(&file)?).clone(),
        };
        if now.eq_ignore_ascii_case(hash) {
            verified += 1;
        } else {
            problems.push((
                Status::Fail,
                format!("Tampering detected: {} hash mismatch", called(path)),
            ));
        }
    }
    problems.extend(documents(run));
    problems.extend(unlisted(run, &listed, declared.is_empty()));
    let anchors = anchors(run);
    if declared.is_empty() {
        problems.push((
            Status::Warn,
            "Hash chain status: INCOMPLETE: no hash of any file is recorded".into(),
        ));
    }
    let status = match problems.iter().map(|(status, _)| *status).max() {
        Some(Status::Fail) => "TAMPERED",
        Some(_) => "INCOMPLETE",
        None => "VERIFIED",
    };
    let fine = format!("Hash chain verified successfully: {verified} files");
    Ok(Verdict::of(&problems, "", fine)
        .with("status", status)
        .with("checks", verified)
        .with("anchors", anchors))
}

fn called(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.split('.').next() {
        Some("dataset") => "dataset",
        _ => path,
    }
}

fn bare(hash: &str) -> &str {
    hash.strip_prefix("sha256:").unwrap_or(hash)
}

fn is_sha256(hash: &str) -> bool {
    hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Every hash that a document records.
fn declared<'v>(run: &'v Run<'_>) -> Vec<Declared<'v>> {
    let mut declared = Vec::new();
    for by in ["hashes.json", "manifest.json"] {
        let Some(value) = run.documents.value(by) else { continue };
        let files = value.get("files").and_then(Value::as_object);
        for (path, hash) in files.into_iter().flatten() {
            let hash = hash.as_str().or_else(|| first(hash, &["sha256", "hash"])?.as_str());
            declared.push(Declared { path, hash, by });
        }
        for artifact in value.get("artifacts").and_then(Value::as_array).into_iter().flatten() {
            let path = artifact.get("path").and_then(Value::as_str).unwrap_or_default();
            let hash = first(artifact, &["sha256", "hash", "digest"]).and_then(Value::as_str);
            declared.push(Declared { path, hash, by });
        }
        if let Some(hash) = first(value, &["dataset_hash", "dataset_sha256"]) {
            let path = value.get("dataset").and_then(Value::as_str).unwrap_or("dataset.jsonl");
            declared.push(Declared {
                path,
                hash: hash.as_str(),
                by,
            });
        }
    }
    declared
}

/// What the documents say of each other and of themselves.
fn documents(run: &Run<'_>) -> Vec<(Status, String)> {
    let value = |path| run.documents.value(path);
    let mut problems = Vec::new();
    let mut fail = |message: String| problems.push((Status::Fail, message));
    if let Some(hashes) = value("hashes.json") {
        match (chain(hashes), hashes.get("chain_hash").and_then(Value::as_str)) {
            (Some(now), Some(written)) if now.iter().all(|now| !now.eq_ignore_ascii_case(bare(written))) => {
                fail("Tampering detected: chain hash mismatch".into());
            }
            _ => {}
        }
    }
    if let Some(manifest) = value("manifest.json") {
        const KEYS: &[&str] = &["manifest_hash", "manifest_sha256"];
        let own = first(manifest, KEYS)
            .or_else(|| first(value("hashes.json")?, KEYS))
            .or_else(|| first(value("decision.json")?, KEYS));
        if let Some(written) = own.and_then(Value::as_str) {
            let mut without = manifest.clone();
            if let Some(object) = without.as_object_mut() {
                object.retain(|key, _| !KEYS.contains(&key.as_str()));
            }
            let fits = canonical(&without)
                .iter()
                .any(|text| sha256_hex(text.as_bytes()).eq_ignore_ascii_case(bare(written)));
            if !fits {
                fail("Tampering detected: manifest hash mismatch".into());
            }
        }
    }
    let ids: Vec<(&str, &str)> = [
        "manifest.json",
        "decision.json",
        "run_meta.json",
        "eval/eval_results.json",
    ]
    .into_iter()
    .filter_map(|path| Some((path, value(path)?.get("run_id")?.as_str()?)))
    .collect();
    if let Some(window) = ids.windows(2).find(|pair| pair[0].1 != pair[1].1) {
        fail(format!(
            "Tampering detected: {} is of run `{}` and {} of run `{}`",
            window[0].0, window[0].1, window[1].0, window[1].1
        ));
    }
    if let Some((status, worst)) = value("decision.json").and_then(contradiction) {
        fail(format!(
            "Tampering detected: the decision says {status} and one of its checks says {worst}"
        ));
    }
    problems
}

/// The chain hash that the recorded files give: SHA-256 of `path=hash`, sorted by path, joined with `|`. Hashes may be written with or without
/// their algorithm, so that two texts are right.
fn chain(hashes: &Value) -> Option<[String; 2]> {
    let files = hashes.get("files")?.as_object()?;
    let pairs: BTreeMap<&str, &str> = files
        .iter()
        .map(|(path, hash)| Some((path.as_str(), hash.as_str()?)))
        .collect::<Option<_>>()?;
    let joined = |value: &dyn Fn(&str) -> String| {
        let parts: Vec<String> = pairs
            .iter()
            .map(|(path, hash)| format!("{path}={}", value(hash)))
            .collect();
        sha256_hex(parts.join("|").as_bytes())
    };
    Some([joined(&str::to_owned), joined(&|hash| bare(hash).to_owned())])
}

/// A decision that is better than its worst check, with both.
fn contradiction(decision: &Value) -> Option<(String, String)> {
    let said = first(decision, &["recommendation", "status"])?.as_str()?;
    let fine = matches!(said.to_ascii_uppercase().as_str(), "SHIP" | "PASS" | "READY");
    let statuses: Vec<&str> = match decision.get("checks")? {
        Value::Object(checks) => checks.values().filter_map(status).collect(),
        Value::Array(checks) => checks.iter().filter_map(status).collect(),
        _ => Vec::new(),
    };
    let worst = statuses
        .into_iter()
        .find(|status| matches!(status.to_ascii_uppercase().as_str(), "FAIL" | "FAILED" | "ERROR"))?;
    fine.then(|| (said.to_owned(), worst.to_owned()))
}

fn status(check: &Value) -> Option<&str> {
    match check {
        Value::Bool(passed) => Some(if *passed { "PASS" } else { "FAIL" }),
        Value::String(status) => Some(status),
        Value::Object(_) => match first(check, &["status", "passed"])? {
            Value::Bool(passed) => Some(if *passed { "PASS" } else { "FAIL" }),
            value => value.as_str(),
        },
        _ => None,
    }
}

/// Data and weights that no record names can be anything; any other file is told.
fn unlisted(run: &Run<'_>, listed: &BTreeSet<&str>, none: bool) -> Vec<(Status, String)> {
    const HEAVY: &[&str] = &[
        "jsonl",
        "ndjson",
        "csv",
        "tsv",
        "parquet",
        "arrow",
        "gz",
        "zst",
        "safetensors",
        "gguf",
        "onnx",
        "pt",
        "pth",
        "bin",
        "ckpt",
        "pkl",
        "pickle",
        "joblib",
        "h5",
        "keras",
        "npy",
        "npz",
        "ptx",
        "cubin",
    ];
    let mut problems = Vec::new();
    for entry in &run.directory.entries {
        let path = entry.path.as_str();
        let recorded = listed.contains(path)
            || RECORDS.contains(&path)
            || (path == "decision.json" && run.layout == crate::layout::Layout::Decided);
        if recorded || none {
            continue;
        }
        let heavy = path
            .rsplit_once('.')
            .is_some_and(|(_, end)| HEAVY.contains(&end.to_ascii_lowercase().as_str()));
        problems.push(if heavy {
            (
                Status::Fail,
                format!("unlisted_file: `{path}` is data or weights that no hash vouches for"),
            )
        } else {
            (Status::Warn, format!("unlisted_file: no hash of `{path}` is recorded"))
        });
    }
    problems
}

/// What ties the record to something outside of it. Without any, files and record can be rewritten together.
fn anchors(run: &Run<'_>) -> Vec<Value> {
    let signed = ["decision.sig", "model.sig"]
        .into_iter()
        .filter(|path| run.directory.entry(path).is_some());
    signed
        .map(|path| format!("{path}: not verified"))
        .map(Value::from)
        .collect()
}
