//! Reading and verifying a bundle, which is foreign input.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Take};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use tempfile::TempDir;

use crate::record::bundle::{BundleManifest, MANIFEST, MAX_UNPACKED};
use crate::record::{canonical, is_plain_path};
use crate::verify::{Signers, Verification, verify_signed};
use gate_base::error::{Error, Result};

/// An archive larger than this is not read.
const MAX_ARCHIVE: u64 = 256 << 20;
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
    let manifest = BundleManifest::parse(&own)?;
    if top.as_deref() != Some(&manifest.run_id) {
        return Err("is in a directory that is not named after its run".into());
    }
    Ok((manifest, files))
}

/// Verifies a bundle as the directory that it unpacks to: its own manifest, and the run in it as far as it is there.
///
/// # Errors
/// It cannot be read, or is no bundle at all (usage).
pub fn verify(path: &Path, expected_head: Option<&str>, signers: &Signers) -> Result<Verification> {
    let (directory, run) = unpack(path)?;
    verify_signed(directory.path(), run.to_str(), expected_head, signers)
}

/// Unpacks a bundle into a temporary directory, which goes when the first value is dropped; the second is the run in it.
///
/// # Errors
/// It cannot be read, or is no bundle at all (usage).
pub(crate) fn unpack(path: &Path) -> Result<(TempDir, PathBuf)> {
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
    Ok((directory, run))
}
