//! Weights of a model: whole files of tensors, every shard of them, and none that runs code when it is loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use gate_equivalence::safetensors::{LONGEST, Place, places};
use serde_json::Value;

use crate::card::is_weights;
use crate::checks::pointers;
use crate::directory::{Entry, refused};
use crate::json;
use crate::run::Run;
use crate::verdict::{Problem, fail, warn};

pub(super) fn check(run: &Run<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let pointers = pointers::of(&run.directory);
    let files: Vec<&Entry> = run
        .directory
        .entries
        .iter()
        .filter(|entry| entry.is_file() && !pointers.contains(entry.path.as_str()))
        .collect();
    if !run.directory.entries.iter().any(|entry| is_weights(&entry.path)) {
        problems.push(fail("the model has no weights"));
    }
    let mut tensors: BTreeMap<&str, Vec<Place>> = BTreeMap::new();
    for entry in &files {
        let path = entry.path.as_str();
        let at = run.directory.root.join(path);
        if path.ends_with(".safetensors") {
            match header(&at, entry.size) {
                Ok(places) if places.is_empty() => problems.push(fail(format!("`{path}` has no tensors"))),
                Ok(places) => _ = tensors.insert(path, places),
                Err(why) => problems.push(fail(format!("`{path}` cannot be loaded: {why}"))),
            }
        } else if entry.size == 0 && is_weights(path) {
            problems.push(fail(format!("`{path}` has no weights: it is empty")));
        } else if is_pickle(path, &at) {
            problems.push(warn(format!(
                "`{path}` is a pickle: loading it runs code that it holds; use safetensors"
            )));
        }
    }
    let mut indexed = BTreeSet::new();
    for entry in files.iter().filter(|entry| entry.path.ends_with(".index.json")) {
        problems.extend(index(run, &entry.path, &tensors, &mut indexed));
    }
    for entry in &files {
        problems.extend(shard(run, &entry.path, &indexed));
    }
    problems
}

/// The tensors of a file, as its header declares them.
fn header(path: &Path, size: u64) -> Result<Vec<Place>, String> {
    let failed = |error: std::io::Error| error.to_string();
    let mut file = File::open(path).map_err(failed)?;
    let mut length = [0; 8];
    file.read_exact(&mut length)
        .map_err(|_| "it is too short for a header".to_owned())?;
    let length = u64::from_le_bytes(length);
    let data = size.checked_sub(8).and_then(|rest| rest.checked_sub(length));
    let Some(data) = data.filter(|_| length <= LONGEST) else {
        return Err(format!("its header has {length} bytes, and the file {size}"));
    };
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header).map_err(failed)?;
    places(&header, data)
}

/// Whether loading a file runs code: by its first bytes, and by its name where those are of a framework's own.
fn is_pickle(path: &str, at: &Path) -> bool {
    const ALWAYS: &[&str] = &["pt", "pth", "pkl", "pickle", "ckpt", "joblib"];
    let end = path.rsplit_once('.').map_or("", |(_, end)| end).to_ascii_lowercase();
    if ALWAYS.contains(&end.as_str()) {
        return true;
    }
    let mut head = Vec::new();
    let read = File::open(at).and_then(|file| file.take(4).read_to_end(&mut head));
    let is_protocol = head.first() == Some(&0x80) && head.get(1).is_some_and(|version| (2..=5).contains(version));
    read.is_ok() && end == "bin" && (is_protocol || head.starts_with(b"PK\x03\x04"))
}

/// An index of shards: each of its tensors is in the shard that it names, and no shard has another one.
fn index<'r>(
    run: &'r Run<'_>,
    path: &'r str,
    tensors: &BTreeMap<&str, Vec<Place>>,
    indexed: &mut BTreeSet<String>,
) -> Vec<Problem> {
    let read = match run.directory.document(path) {
        Ok(bytes) => json::parse(&bytes.unwrap_or_default()),
        Err(why) => Err(why),
    };
    let index = match read {
        Ok(index) => index,
        Err(why) => return vec![fail(format!("Cannot read {path}: {why}"))],
    };
    let map = index.get("weight_map").and_then(Value::as_object);
    let Some(map) = map.filter(|map| !map.is_empty()) else {
        return vec![fail(format!("Invalid {path}: weight_map has no entries"))];
    };
    let below = path
        .rsplit_once('/')
        .map_or(String::new(), |(above, _)| format!("{above}/"));
    let mut problems = Vec::new();
    let mut named: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (tensor, shard) in map {
        let shard = shard.as_str().unwrap_or_default();
        match refused(shard) {
            Some(why) => problems.push(fail(format!("`{shard}` in {path} is refused: {why}"))),
            None => _ = named.entry(format!("{below}{shard}")).or_default().insert(tensor),
        }
    }
    let mut bytes = Some(0_u64);
    for (shard, wanted) in &named {
        indexed.insert(shard.clone());
        if !run.directory.entry(shard).is_some_and(Entry::is_file) {
            problems.push(fail(format!("the shard `{shard}`, which `{path}` names, is missing")));
            bytes = None;
            continue;
        }
        let Some(places) = tensors.get(shard.as_str()) else {
            bytes = None;
            continue;
        };
        let held: BTreeSet<&str> = places.iter().map(|place| place.name.as_str()).collect();
        if let Some(gone) = wanted.difference(&held).next() {
            problems.push(fail(format!(
                "`{shard}` does not have the tensor `{gone}`, which `{path}` expects there"
            )));
        }
        if let Some(more) = held.difference(wanted).next() {
            problems.push(fail(format!(
                "`{shard}` has the tensor `{more}`, which `{path}` does not name there"
            )));
        }
        let size: u64 = places.iter().map(|place| place.end - place.begin).sum();
        bytes = bytes.map(|bytes| bytes + size);
    }
    let total = index
        .get("metadata")
        .and_then(|metadata| metadata.get("total_size")?.as_u64());
    if let (Some(total), Some(bytes)) = (total, bytes)
        && total != bytes
    {
        problems.push(warn(format!(
            "total_size of `{path}` is {total}, and the tensors have {bytes} bytes"
        )));
    }
    problems
}

/// A file that is one of several by its name, `model-00001-of-00002.safetensors`: an index names it, and the others exist.
fn shard(run: &Run<'_>, path: &str, indexed: &BTreeSet<String>) -> Option<Problem> {
    let (stem, end) = path.rsplit_once('.')?;
    let (before, of) = stem.rsplit_once("-of-")?;
    let (name, part) = before.rsplit_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !matches!(end, "safetensors" | "bin" | "gguf") || !is_number(of) || !is_number(part) {
        return None;
    }
    let (width, count) = (part.len(), of.parse::<usize>().ok().filter(|count| *count <= 100_000)?);
    let other = |at: usize| format!("{name}-{at:0width$}-of-{of}.{end}");
    if let Some(gone) = (1..=count)
        .map(other)
        .find(|other| run.directory.entry(other).is_none())
    {
        return Some(fail(format!(
            "the shard `{gone}`, which belongs to `{path}`, is missing"
        )));
    }
    (end != "gguf" && !indexed.contains(path)).then(|| fail(format!("`{path}` is a shard that no index names")))
}
