//! Scan results by content digest, in one file under `target/gate`: a changed file costs one scan, the rest none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use gate_base::digest::Digest;
use gate_base::record;

use super::scan::Depth;
use super::site::FileScan;

/// Raised whenever the scan changes its mind about the same bytes, or the stored form changes.
const VERSION: u32 = 3;

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
        let entries = record::read(&path, VERSION).unwrap_or_default();
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
            let _ = record::write(&self.path, VERSION, &self.entries);
            self.changed = false;
        }
    }
}
