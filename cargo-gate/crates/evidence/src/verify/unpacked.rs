//! The directory that a bundle unpacks to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};

use super::problem::{Problem, ProblemKind};
use crate::record::bundle::{BundleManifest, MANIFEST, MAX_UNPACKED, NEEDED};
use crate::record::{HASHES, Hashes, is_plain_path};

/// Problems of a directory that lies beside no history, where it is a bundle that somebody unpacked: what stayed behind by
/// rule is not a problem, and the manifest of the bundle has to agree with the files. Other directories keep their problems.
///
/// # Errors
/// A file cannot be read.
pub(super) fn unpacked(directory: &Path, mut problems: Vec<Problem>) -> Result<Vec<Problem>> {
    let read = |name: &str| {
        let path = directory.join(name);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() && found.len() <= MAX_UNPACKED => fs::read(&path)
                .map(Some)
                .map_err(|error| Error::io("read", &path, &error)),
            _ => Ok(None),
        }
    };
    let Some(own) = read(MANIFEST)? else {
        return Ok(problems);
    };
    problems.retain(|problem| problem.file != MANIFEST);
    let manifest = match BundleManifest::parse(&own) {
        Ok(manifest) => manifest,
        Err(why) => {
            problems.push(Problem::new(
                ProblemKind::Damaged,
                MANIFEST,
                format!("the bundle {why}"),
            ));
            return Ok(problems);
        }
    };
    problems.retain(|problem| !stayed_behind(problem, &manifest));
    let hashes = read(HASHES)?.and_then(|bytes| serde_json::from_slice::<Hashes>(&bytes).ok());
    let of_the_run = hashes.iter().flat_map(|hashes| hashes.files.keys());
    let names: BTreeSet<&String> = of_the_run.chain(manifest.files.keys()).collect();
    let mut files = BTreeMap::new();
    for name in names.into_iter().filter(|name| is_plain_path(name)) {
        if let Some(bytes) = read(name)? {
            files.insert(name.clone(), bytes);
        }
    }
    problems.extend(of_manifest(&manifest, hashes.as_ref(), &files));
    Ok(problems)
}

fn stayed_behind(problem: &Problem, manifest: &BundleManifest) -> bool {
    let mut excluded = manifest.excluded.iter();
    problem.kind == ProblemKind::Missing
        && !NEEDED.contains(&problem.file.as_str())
        && excluded.any(|excluded| excluded.path == problem.file && excluded.sha256.is_some())
}

/// Where the manifest of the bundle and its files contradict each other.
fn of_manifest(manifest: &BundleManifest, hashes: Option<&Hashes>, files: &BTreeMap<String, Vec<u8>>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut say = |kind, file: &str, message: &str| problems.push(Problem::new(kind, file, message));
    for (name, bundled) in &manifest.files {
        match files.get(name) {
            None => say(
                ProblemKind::Missing,
                name,
                "the bundle lists this file but does not contain it",
            ),
            Some(bytes) if sha256_hex(bytes) != bundled.sha256 || bytes.len() as u64 != bundled.size => {
                say(
                    ProblemKind::Edited,
                    name,
                    "the contents differ from what the bundle lists",
                );
            }
            Some(_) => {}
        }
    }
    for name in files.keys().filter(|name| !manifest.files.contains_key(*name)) {
        say(ProblemKind::UnlistedFile, name, "the bundle does not list this file");
    }
    if let Some(hashes) = hashes {
        if hashes.chain != manifest.chain {
            say(
                ProblemKind::Contradiction,
                MANIFEST,
                "has a different chain hash than the run",
            );
        }
        for excluded in &manifest.excluded {
            if excluded.sha256.as_ref() != hashes.files.get(&excluded.path) {
                say(
                    ProblemKind::Contradiction,
                    MANIFEST,
                    "contradicts the run about a file that was left out",
                );
            }
        }
    }
    problems
}
