//! Reading and verifying a bundle, which is foreign input.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read as _, Take};
use std::path::Path;

use flate2::read::GzDecoder;

use crate::base::digest::sha256_hex;
use crate::base::error::{Error, Result};
use crate::evidence::run_dir::{HASHES, Hashes, canonical, is_plain_path};
use crate::evidence::verify::{Problem, ProblemKind, Signers, Verification, verify_signed};

use super::rule::NEEDED;
use super::{BundleManifest, MANIFEST, SCHEMA_VERSION};

/// An archive larger than this is not read.
const MAX_ARCHIVE: u64 = 256 << 20;
/// An archive that unpacks to more than this is refused.
const MAX_UNPACKED: u64 = 1 << 30;
/// An archive with more entries than this is refused.
const MAX_ENTRIES: usize = 20_000;

/// A bundle taken apart: its manifest, and the other files by path inside the run directory.
pub type Unpacked = (BundleManifest, BTreeMap<String, Vec<u8>>);

/// Takes an archive apart. Nothing is written.
///
/// # Errors
/// Why it is no bundle, continuing "the bundle ".
pub fn parse(bytes: &[u8]) -> std::result::Result<Unpacked, String> {
    let limited: Take<GzDecoder<&[u8]>> = GzDecoder::new(bytes).take(MAX_UNPACKED);
    let mut archive = tar::Archive::new(limited);
    let damaged = |error: std::io::Error| format!("is damaged: {error}");
    let mut files = BTreeMap::new();
    let mut top = None;
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        if !entry.header().entry_type().is_file() {
            return Err("contains something other than files".into());
        }
        let path = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|_| "contains a name that is not UTF-8".to_owned())?;
        let (directory, name) = path.split_once('/').ok_or("contains a file outside its directory")?;
        if !is_plain_path(name) || !is_plain_path(directory) {
            return Err("contains a file with an invalid name".into());
        }
        if top.get_or_insert_with(|| directory.to_owned()) != directory {
            return Err("contains files from two runs".into());
        }
        let mut contents = Vec::new();
        entry.read_to_end(&mut contents).map_err(damaged)?;
        if contents.len() as u64 != entry.size() {
            return Err("is truncated".into());
        }
        if files.insert(name.to_owned(), contents).is_some() {
            return Err(format!("contains `{name}` twice"));
        }
        if files.len() > MAX_ENTRIES {
            return Err("contains more files than a run can have".into());
        }
    }
    let own = files.remove(MANIFEST).ok_or(format!("has no `{MANIFEST}`"))?;
    let manifest = manifest(&own)?;
    if top.as_deref() != Some(&manifest.run_id) {
        return Err("is in a directory that is not named after its run".into());
    }
    Ok((manifest, files))
}

fn manifest(bytes: &[u8]) -> std::result::Result<BundleManifest, String> {
    let manifest: BundleManifest =
        serde_json::from_slice(bytes).map_err(|error| format!("has an invalid `{MANIFEST}`: {error}"))?;
    if manifest.schema_version != SCHEMA_VERSION {
        return Err(format!(
            "has version {}, but this cargo-gate supports {SCHEMA_VERSION}",
            manifest.schema_version
        ));
    }
    if canonical(&manifest).ok().as_deref() != Some(bytes) {
        return Err(format!("has a `{MANIFEST}` that is not in canonical form"));
    }
    Ok(manifest)
}

/// Verifies a bundle as the directory that it unpacks to: its own manifest, and the run in it as far as it is there.
///
/// # Errors
/// It cannot be read, or is no bundle at all (usage).
pub fn verify(path: &Path, expected_head: Option<&str>, signers: &Signers) -> Result<Verification> {
    let refused = |what: String| {
        Error::usage(format!("the bundle `{}` {what}", path.display()))
            .with_help("create it again: `cargo gate evidence bundle <run> --out <file>`")
    };
    let size = fs::metadata(path)
        .map_err(|error| Error::io("read", path, &error))?
        .len();
    if size > MAX_ARCHIVE {
        return Err(refused("is too large for a bundle".into()));
    }
    let bytes = fs::read(path).map_err(|error| Error::io("read", path, &error))?;
    let (manifest, files) = parse(&bytes).map_err(refused)?;
    let directory = tempfile::tempdir().map_err(|error| Error::io("write", std::env::temp_dir(), &error))?;
    let run = directory.path().join(&manifest.run_id);
    let own = canonical(&manifest).map_err(|error| Error::tool(format!("cannot write `{MANIFEST}`: {error}")))?;
    let own = (MANIFEST, own.as_slice());
    for (name, bytes) in files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .chain([own])
    {
        let file = run.join(name);
        file.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&file, bytes))
            .map_err(|error| Error::io("write", &file, &error))?;
    }
    let run = run.to_string_lossy();
    verify_signed(directory.path(), Some(&run), expected_head, signers)
}

/// Problems of a directory that lies beside no history, where it is a bundle that somebody unpacked: what stayed behind by
/// rule is none, and the manifest of the bundle has to agree with the files. Other directories keep their problems.
///
/// # Errors
/// A file cannot be read.
pub(in crate::evidence) fn unpacked(directory: &Path, mut problems: Vec<Problem>) -> Result<Vec<Problem>> {
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
    let manifest = match manifest(&own) {
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

/// The manifest of a bundle that somebody unpacked to this directory; `None` where there is none that can be understood.
pub(super) fn unpacked_manifest(directory: &Path) -> Option<BundleManifest> {
    manifest(&fs::read(directory.join(MANIFEST)).ok()?).ok()
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
