//! `hash_chain`: every file is the one that was recorded, every file was recorded, and the record is a whole.

use std::collections::{BTreeMap, BTreeSet};

use gate_base::digest::sha256_hex;
use gate_base::error::Result;
use serde_json::Value;

use crate::croissant::Kind;
use crate::directory::{EntryKind, bare, is_sha256, refused, sha256};
use crate::documents::{self, first};
use crate::json::canonical;
use crate::layout::Layout;
use crate::report::Status;
use crate::run::Run;
use crate::said::{self, Said};
use crate::signature::{Signature, is_signature};
use crate::verdict::Verdict;

/// A recorded hash.
#[derive(Debug)]
struct Declared<'v> {
    path: &'v str,
    hash: Option<&'v str>,
    by: &'v str,
}

pub(super) fn check(run: &Run<'_>) -> Result<Verdict> {
    let declared = declared(run);
    // What was done to the files, and what is missing of the record.
    let mut problems = not_files(run);
    let mut gaps = Vec::new();
    let mut verified = 0_usize;
    let mut listed = BTreeSet::new();
    let mut hashes: BTreeMap<&str, String> = BTreeMap::new();
    for Declared { path, hash, by } in &declared {
        if let Some(why) = refused(path) {
            problems.push((Status::Fail, format!("`{path}` in {by} is refused: {why}")));
            continue;
        }
        listed.insert(*path);
        if run.directory.entry(path).is_some_and(|entry| !entry.is_file()) {
            continue;
        }
        // What a description or a signature has is next to it; the paths of a run may also start at the top of its project.
        let is_described = run.croissant.as_ref().is_some_and(|croissant| croissant.path == *by)
            || run.signatures.iter().any(|signature| signature.path == *by);
        let file = match is_described {
            true => run.directory.entry(path).map(|_| run.directory.root.join(path)),
            false => run.find(path),
        };
        let Some(file) = file else {
            problems.push((Status::Fail, format!("`{path}`, which {by} records, is missing")));
            continue;
        };
        let Some(hash) = hash.map(bare).filter(|hash| is_sha256(hash)) else {
            gaps.push((Status::Fail, format!("`{path}` in {by} has no SHA-256")));
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
    // That MLflow and the hub record none is not the fault of the run.
    let mut is_excused = false;
    match run.layout {
        Layout::Mlflow => {
            gaps.extend(super::mlflow::without_hashes(run, declared.is_empty()));
            problems.extend(super::mlflow::links(run));
            is_excused = true;
        }
        Layout::ModelCard | Layout::DatasetCard => {
            is_excused = true;
            gaps.extend(declared.is_empty().then(|| {
                let why = "a card records no hash of any file, so that an edit would not be seen; add `hashes.json`";
                (Status::Warn, format!("Hash chain status: INCOMPLETE: {why}"))
            }));
        }
        Layout::Croissant | Layout::Decided | Layout::Hashed => {}
    }
    if let Some(croissant) = &run.croissant {
        let found = super::croissant::chain(run, croissant, &listed)?;
        is_excused = !found.gaps.is_empty();
        listed.extend(found.told);
        problems.extend(found.problems);
        gaps.extend(found.gaps);
        verified += found.verified;
    }
    if !declared.is_empty() || run.croissant.is_some() {
        gaps.extend(unlisted(run, &listed));
    }
    if declared.is_empty() && !is_excused {
        gaps.push((
            Status::Fail,
            "Hash chain status: INCOMPLETE: no hash of any file is recorded".into(),
        ));
    }
    let (valid, invalid): (Vec<_>, Vec<_>) = run.signatures.iter().partition(|signature| signature.files.is_ok());
    gaps.extend(invalid.iter().filter_map(|signature| {
        let why = signature.files.as_ref().err()?;
        Some((
            Status::Fail,
            format!("`{}` is a signature that proves nothing: {why}", signature.path),
        ))
    }));
    let paths = |of: &[&Signature]| {
        of.iter()
            .map(|signature| signature.path.as_str().into())
            .collect::<Vec<Value>>()
    };
    let status = match (problems.is_empty(), gaps.is_empty()) {
        (false, _) => "TAMPERED",
        (true, false) => "INCOMPLETE",
        (true, true) => "VERIFIED",
    };
    problems.extend(gaps);
    let fine = format!("Hash chain verified successfully: {verified} files");
    Ok(Verdict::of(&problems, "", fine)
        .with("status", status)
        .with("checks", verified)
        .with("signatures_verified", paths(&valid))
        .with("signatures_not_verified", paths(&invalid)))
}

/// Links and what is no file: a link can lead to something else tomorrow, and nothing below it is part of the record.
fn not_files(run: &Run<'_>) -> Vec<(Status, String)> {
    let told = |entry: &crate::directory::Entry| {
        let why = match entry.kind {
            EntryKind::File => return None,
            EntryKind::Link => "is a link, and its target can change",
            EntryKind::Other => "is not a file",
        };
        Some((Status::Fail, format!("`{}` {why}", entry.path)))
    };
    run.directory.entries.iter().filter_map(told).collect()
}

fn called(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.split('.').next() {
        Some("dataset") => "dataset",
        _ => path,
    }
}

/// The hash of an entry: a text, or an object that has one.
fn recorded(hash: &Value) -> Option<&str> {
    hash.as_str().or_else(|| first(hash, &["sha256", "hash"])?.as_str())
}

/// Every hash that a document records.
fn declared<'v>(run: &'v Run<'_>) -> Vec<Declared<'v>> {
    let mut declared = Vec::new();
    for by in ["hashes.json", "manifest.json"] {
        let Some(value) = run.documents.value(by) else { continue };
        let files = value.get("files").and_then(Value::as_object);
        for (path, hash) in files.into_iter().flatten() {
            let hash = recorded(hash);
            declared.push(Declared { path, hash, by });
        }
        for artifact in value.get("artifacts").and_then(Value::as_array).into_iter().flatten() {
            let path = artifact.get("path").and_then(Value::as_str).unwrap_or_default();
            let hash = first(artifact, &["sha256", "hash", "digest"]).and_then(Value::as_str);
            declared.push(Declared { path, hash, by });
        }
        if let Some(hash) = first(value, &["decision_hash", "decision_sha256"]) {
            declared.push(Declared {
                path: "decision.json",
                hash: hash.as_str(),
                by,
            });
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
    declared.extend(described(run));
    for signature in &run.signatures {
        declared.extend(signature.files.iter().flatten().map(|(path, hash)| Declared {
            path,
            hash: Some(hash),
            by: &signature.path,
        }));
    }
    declared
}

/// Every hash that a description in Croissant records of a file of the directory. One with an MD5 only is judged with it.
fn described<'v>(run: &'v Run<'_>) -> impl Iterator<Item = Declared<'v>> {
    let resources = run.croissant.iter().flat_map(|croissant| {
        let by = croissant.path;
        croissant.resources.iter().map(move |resource| (resource, by))
    });
    resources.filter_map(|(resource, by)| {
        let Kind::File(Some(url)) = &resource.kind else {
            return None;
        };
        let path = match &resource.file {
            Some(file) => file,
            None if !resource.is_remote() && resource.within.is_empty() => url,
            None => return None,
        };
        let hash = resource.sha256.as_deref();
        (hash.is_some() || resource.md5.is_none() || resource.file.is_none()).then_some(Declared { path, hash, by })
    })
}

/// Keys under which the hash of the manifest is recorded.
const OWN: &[&str] = &["manifest_hash", "manifest_sha256"];

/// The hash of the manifest that a document records.
fn own(document: &Value) -> Option<&Value> {
    first(document, OWN).filter(|hash| !hash.is_null())
}

/// What the documents say of each other and of themselves.
fn documents(run: &Run<'_>) -> Vec<(Status, String)> {
    let value = |path| run.documents.value(path);
    let mut problems = Vec::new();
    let mut fail = |message: String| problems.push((Status::Fail, message));
    if let Some(hashes) = value("hashes.json") {
        let written = hashes.get("chain_hash");
        let fits = |now: &[String; 2]| {
            written
                .and_then(Value::as_str)
                .is_some_and(|written| now.iter().any(|now| now.eq_ignore_ascii_case(bare(written))))
        };
        if written.is_some() && !chain(hashes).as_ref().is_some_and(fits) {
            fail("Tampering detected: chain hash mismatch".into());
        }
    }
    if let Some(manifest) = value("manifest.json") {
        let written = [Some(manifest), value("hashes.json"), value("decision.json")]
            .into_iter()
            .flatten()
            .filter_map(own);
        let mut without = manifest.clone();
        if let Some(object) = without.as_object_mut() {
            object.retain(|key, _| !OWN.contains(&key.as_str()));
        }
        let now = canonical(&without).map(|text| sha256_hex(text.as_bytes()));
        let fits = |written: &str| now.iter().any(|now| now.eq_ignore_ascii_case(bare(written)));
        if !written.into_iter().all(|written| written.as_str().is_some_and(fits)) {
            fail("Tampering detected: manifest hash mismatch".into());
        }
    }
    let ids: Vec<(&str, &str)> = documents::PATHS
        .iter()
        .filter_map(|path| Some((*path, value(path)?.get("run_id")?.as_str()?)))
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
        .map(|(path, hash)| Some((path.as_str(), recorded(hash)?)))
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
    let words: Vec<_> = said::KEYS
        .iter()
        .filter_map(|key| Some(said::under(key, decision.get(key)?)))
        .flatten()
        .collect();
    let fine = words.iter().all(|one| one.said == Said::Good);
    let said = words.into_iter().next().filter(|_| fine)?;
    let checks: Vec<(&str, &Value)> = match decision.get("checks")? {
        Value::Object(checks) => checks.iter().map(|(name, check)| (name.as_str(), check)).collect(),
        Value::Array(checks) => checks.iter().map(|check| ("check", check)).collect(),
        _ => Vec::new(),
    };
    let worst = checks
        .into_iter()
        .flat_map(|(name, check)| said::under(name, check))
        .find(|one| one.said == Said::Bad)?;
    Some((said.word, worst.word))
}

/// Whether a description holds the record, and no other document does.
fn holds_record(run: &Run<'_>, path: &str) -> bool {
    let is_own = run.croissant.as_ref().is_some_and(|croissant| croissant.path == path);
    is_own && run.documents.value("hashes.json").is_none()
}

/// Data, weights and documents that no record names can be anything; any other file is told.
fn unlisted(run: &Run<'_>, listed: &BTreeSet<&str>) -> Vec<(Status, String)> {
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
    let is_decided = run.layout == Layout::Decided;
    for entry in run.directory.entries.iter().filter(|entry| entry.is_file()) {
        let path = entry.path.as_str();
        // What holds the record cannot be recorded in itself.
        let holds = path == "hashes.json" || (path == "manifest.json" && is_decided) || holds_record(run, path);
        if listed.contains(path) || holds || is_signature(path) {
            continue;
        }
        if documents::PATHS.contains(&path) || run.describes(path) {
            problems.push((
                Status::Fail,
                format!("unlisted_file: no hash of the document `{path}` is recorded"),
            ));
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
    let value = |path| run.documents.value(path);
    let named = ["manifest.json", "hashes.json", "decision.json"]
        .into_iter()
        .any(|path| value(path).and_then(own).is_some());
    if is_decided && !named && !listed.contains("manifest.json") && value("manifest.json").is_some() {
        problems.push((
            Status::Warn,
            "no hash of `manifest.json` is recorded: add `manifest_hash`".into(),
        ));
    }
    problems
}
