//! Scan results by content digest, in one file under `target/gate`: after a change only the changed files are scanned.
//! It holds kinds, places, digests and masked forms, and no secret.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use gate_base::digest::Digest;
use gate_base::record::{read, write};

use super::file::FileScan;

/// Raised whenever the scan changes its mind about the same bytes, or the stored form changes.
const VERSION: u32 = 6;

/// Scan results of earlier runs. A file that is missing, corrupt, of another version or about another machine is an
/// empty cache.
#[derive(Debug)]
pub struct ScanCache {
    path: PathBuf,
    stored: Stored,
    used: BTreeSet<Digest>,
    changed: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    /// Digest of the paths of the machine that were looked for.
    machine: Option<Digest>,
    /// Files with nothing in them: nearly all.
    clean: BTreeSet<Digest>,
    found: BTreeMap<Digest, FileScan>,
}

impl ScanCache {
    /// The cache below the gate directory.
    pub fn load(gate_dir: &Path, machine: Digest) -> Self {
        let path = gate_dir.join("secret-scan.bin");
        let stored = read::<Stored>(&path, VERSION).filter(|stored| stored.machine == Some(machine));
        Self {
            path,
            stored: stored.unwrap_or(Stored {
                machine: Some(machine),
                ..Stored::default()
            }),
            used: BTreeSet::new(),
            changed: false,
        }
    }

    /// What was found in a file with this content. Marks it as seen.
    pub fn get(&mut self, digest: &Digest) -> Option<FileScan> {
        let scan = match self.stored.found.get(digest) {
            Some(scan) => scan.clone(),
            None if self.stored.clean.contains(digest) => FileScan::default(),
            None => return None,
        };
        self.used.insert(*digest);
        Some(scan)
    }

    /// Keeps what was found.
    pub fn insert(&mut self, digest: Digest, scan: &FileScan) {
        self.used.insert(digest);
        if scan.is_empty() {
            self.stored.clean.insert(digest);
        } else {
            self.stored.found.insert(digest, scan.clone());
        }
        self.changed = true;
    }

    /// Writes what was seen since [`load`](Self::load), if that differs from the file. Best effort: a cache that cannot
    /// be written costs time, not correctness.
    pub fn save(&mut self) {
        let count = |stored: &Stored| stored.clean.len() + stored.found.len();
        let before = count(&self.stored);
        self.stored.clean.retain(|digest| self.used.contains(digest));
        self.stored.found.retain(|digest, _| self.used.contains(digest));
        if self.changed || count(&self.stored) != before {
            // The result is the same without the file.
            let _ = write(&self.path, VERSION, &self.stored);
            self.changed = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::file::{MachinePaths, scan_file};

    #[test]
    fn results_are_kept_for_this_machine_and_hold_no_secret() {
        let directory = tempfile::tempdir().unwrap();
        let machine = MachinePaths::default().digest();
        let secret = crate::secrets::planted::value("aws_access_key");
        let text = format!("key = {secret}\n");
        let digest = Digest::of(text.as_bytes());
        let mut cache = ScanCache::load(directory.path(), machine);
        assert!(cache.get(&digest).is_none());
        let scan = scan_file(text.as_bytes(), &MachinePaths::default());
        assert_eq!(scan.text.hits.len(), 1);
        cache.insert(digest, &scan);
        cache.insert(Digest::of(b""), &FileScan::default());
        cache.save();
        let bytes = std::fs::read(directory.path().join("secret-scan.bin")).unwrap();
        assert!(memchr::memmem::find(&bytes, secret.as_bytes()).is_none());

        let mut again = ScanCache::load(directory.path(), machine);
        let kept = again.get(&digest).unwrap();
        assert_eq!((kept.text.hits[0].line, kept.text.hits[0].span.clone()), (1, 0..0));
        assert_eq!(again.get(&Digest::of(b"")), Some(FileScan::default()));
        assert!(
            ScanCache::load(directory.path(), Digest::of(b"other"))
                .get(&digest)
                .is_none()
        );
    }
}
