//! Scans of code by content digest, in one file under `target/gate`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::digest::Digest;
use crate::base::record;

use super::scan::CodeScan;

/// Raised whenever the scan changes its mind about the same bytes, or the stored form changes.
const VERSION: u32 = 1;

/// Scans of earlier runs. A file that is missing, corrupt or of another version is an empty cache.
#[derive(Debug)]
pub(crate) struct CodeCache {
    path: PathBuf,
    entries: BTreeMap<Digest, Arc<CodeScan>>,
    used: BTreeMap<Digest, Arc<CodeScan>>,
    changed: bool,
}

impl CodeCache {
    /// The cache below the gate directory.
    pub(crate) fn load(gate_dir: &Path) -> Self {
        let path = gate_dir.join("code-scan.bin");
        Self {
            entries: record::read(&path, VERSION).unwrap_or_default(),
            path,
            used: BTreeMap::new(),
            changed: false,
        }
    }

    /// The scan of the file with this content.
    pub(crate) fn get(&self, digest: &Digest) -> Option<Arc<CodeScan>> {
        self.entries.get(digest).cloned()
    }

    /// Adds what may be asked for.
    pub(crate) fn insert(&mut self, digest: Digest, scan: CodeScan) {
        self.entries.insert(digest, Arc::new(scan));
        self.changed = true;
    }

    /// Keeps a scan for the next time.
    pub(super) fn keep(&mut self, digest: Digest, scan: &Arc<CodeScan>) {
        self.changed |= !self.entries.contains_key(&digest);
        self.used.insert(digest, Arc::clone(scan));
    }

    /// Writes what was kept since [`load`](Self::load), if that differs from the file. Best effort: a cache that cannot
    /// be written costs time, not correctness.
    pub(crate) fn save(&self) {
        if self.changed || self.used.len() != self.entries.len() {
            // The result is the same without the file.
            let _ = record::write(&self.path, VERSION, &self.used);
        }
    }
}
