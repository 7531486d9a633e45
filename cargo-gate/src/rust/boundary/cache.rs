//! Scan results by content digest, in one file under `target/gate`: a changed file costs one scan, the rest none.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::atomic;
use crate::base::digest::Digest;

use super::scan::Depth;
use super::site::FileScan;

/// Raised whenever the scan changes its mind about the same bytes, or the stored form changes.
const VERSION: u32 = 2;

/// Scan results of earlier runs. A file that is missing, corrupt or of another version is an empty cache.
#[derive(Debug)]
pub struct ScanCache {
    path: PathBuf,
    entries: BTreeMap<Digest, FileScan>,
    used: BTreeSet<Digest>,
    changed: bool,
}

impl ScanCache {
    /// The cache below the gate directory.
    pub fn load(gate_dir: &Path) -> Self {
        let path = gate_dir.join("boundary-scan.bin");
        let entries = read(&path, VERSION).unwrap_or_default();
        Self {
            path,
            entries,
            used: BTreeSet::new(),
            changed: false,
        }
    }

    /// The scan of the file with this content, if it went at least this deep. Marks it as seen.
    pub fn get(&mut self, digest: &Digest, depth: Depth) -> Option<&FileScan> {
        let scan = self.entries.get(digest)?;
        if depth == Depth::Modules && scan.mods.is_none() {
            return None;
        }
        self.used.insert(*digest);
        Some(scan)
    }

    /// Keeps a scan.
    pub fn insert(&mut self, digest: Digest, scan: FileScan) {
        self.used.insert(digest);
        self.entries.insert(digest, scan);
        self.changed = true;
    }

    /// Writes what was seen since [`load`](Self::load), if that differs from the file. Best effort: a cache that
    /// cannot be written costs time, not correctness.
    pub fn save(&mut self) {
        let before = self.entries.len();
        self.entries.retain(|digest, _| self.used.contains(digest));
        if self.changed || self.entries.len() != before {
            // The result is the same without the file.
            let _ = write(&self.path, VERSION, &self.entries);
            self.changed = false;
        }
    }
}

/// Reads a value stored by [`write`]; `None` when it is not there, not whole or of another version.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, version: u32) -> Option<T> {
    let bytes = std::fs::read(path).ok()?;
    let (digest, payload) = bytes.split_at_checked(32)?;
    if digest != Digest::of(payload).as_bytes() {
        return None;
    }
    let (stored, value): (u32, &[u8]) = postcard::take_from_bytes(payload).ok()?;
    (stored == version).then(|| postcard::from_bytes(value).ok())?
}

/// Stores a value with its version and a digest over both, atomically.
pub(crate) fn write<T: Serialize>(path: &Path, version: u32, value: &T) -> std::io::Result<()> {
    let mut payload = postcard::to_stdvec(&version).map_err(std::io::Error::other)?;
    payload.extend(postcard::to_stdvec(value).map_err(std::io::Error::other)?);
    let directory = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(Digest::of(&payload).as_bytes())?;
    file.write_all(&payload)?;
    atomic::persist(file, path)
}
