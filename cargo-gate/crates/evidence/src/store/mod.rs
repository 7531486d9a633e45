//! The local content-addressed store under `target/gate/store`: evidence by fingerprint, bytes by digest.
//!
//! Layout: `evidence/ab/cdef…` and `blobs/ab/cdef…`, the first two hexadecimal characters being the directory. A file of
//! evidence is a record ([`gate_base::record`]) of JSON. Every file is checked against its digest
//! when it is read; one that does not fit is removed and counts as absent. Therefore nothing here waits for the disk:
//! what a power failure tears is a miss.

mod gc;
mod shared;

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gate_base::digest::Digest;
use gate_base::error::{Error, Result};
use gate_base::{atomic, record};

use super::{Evidence, EvidenceFile};
use shared::place;

pub use gc::{Damage, GcReport, Retention, Stats};
pub use shared::{Remote, Shared, Unanswered};

/// Version of stored evidence.
const VERSION: u32 = 3;
/// The modification time of a file says when it was last used, to this precision: touching it costs a write.
const TOUCH_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// The local store. Entries are written atomically; one that is corrupt is a miss, never an error and never a pass.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
    shared: Option<Arc<Shared>>,
}

impl Store {
    /// The store below the gate directory; nothing is created before the first write.
    pub fn new(gate_dir: &Path) -> Self {
        Self {
            root: gate_dir.join("store"),
            shared: None,
        }
    }

    /// The same store, with one behind it that other machines use too.
    #[must_use]
    pub fn sharing(self, shared: Shared) -> Self {
        Self {
            shared: Some(Arc::new(shared)),
            ..self
        }
    }

    /// Evidence of a check that another machine made, where one is shared with and it can be believed.
    pub fn fetch(&self, check: &str, fingerprint: &Digest) -> Option<Evidence> {
        self.shared.as_ref()?.fetch(check, fingerprint, self)
    }

    /// Hands stored evidence to other machines, where one is shared with. A store that refuses is told of in the
    /// [`notes`](Shared::notes).
    pub fn send(&self, evidence: &Evidence) {
        if let Some(shared) = &self.shared {
            shared.send(evidence, self);
        }
    }

    /// What there is to say of the shared store.
    pub fn notes(&self) -> Vec<String> {
        self.shared.as_ref().map(|shared| shared.notes()).unwrap_or_default()
    }

    /// Directory of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Evidence under this fingerprint, if it is there, whole, and all its files are there and whole.
    pub fn evidence(&self, fingerprint: &Digest) -> Option<Evidence> {
        let path = self.evidence_path(fingerprint);
        let bytes = fs::read(&path).ok()?;
        let Some(evidence) = parse_evidence(&bytes).filter(|evidence| evidence.fingerprint == *fingerprint) else {
            discard(&path);
            return None;
        };
        let whole = evidence.files.iter().all(|file| self.holds(&file.digest, file.size));
        if !whole {
            // Without its files it can never be used again.
            discard(&path);
            return None;
        }
        mark_used(&path);
        Some(evidence)
    }

    /// Stores evidence under its fingerprint. Its files must have been stored before.
    ///
    /// # Errors
    /// I/O errors; nothing half-written stays visible.
    pub fn put_evidence(&self, evidence: &Evidence) -> Result<()> {
        let path = self.evidence_path(&evidence.fingerprint);
        let json = serde_json::to_vec(evidence)
            .map_err(|error| Error::tool(format!("cannot store the evidence of {}: {error}", evidence.check)))?;
        atomic::write_unsynced(&path, &record::seal(VERSION, &json))
    }

    /// Stores bytes and returns their digest.
    ///
    /// # Errors
    /// I/O errors; nothing half-written stays visible.
    pub fn put_bytes(&self, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::of(bytes);
        // Written even when a file of that name is there: it may be damaged.
        atomic::write_unsynced(&self.blob_path(&digest), bytes)?;
        Ok(digest)
    }

    /// Moves a finished file into the store (or copies it across file systems) and returns digest and size. Nobody may
    /// write to the file any more.
    ///
    /// # Errors
    /// I/O errors; nothing half-written stays visible.
    pub fn put_file(&self, path: &Path) -> Result<(Digest, u64)> {
        let failed = |error: &io::Error| Error::io("store", path, error);
        let (digest, size) = digest_file(path).map_err(|error| failed(&error))?;
        let blob = self.blob_path(&digest);
        let directory = blob.parent().unwrap_or(&self.root);
        fs::create_dir_all(directory).map_err(|error| Error::io("create", directory, &error))?;
        if fs::rename(path, &blob).is_err() {
            copy_into(path, directory, &blob).map_err(|error| failed(&error))?;
            // The copy is what counts; a source that cannot be removed is left to its owner.
            let _ = fs::remove_file(path);
        }
        Ok((digest, size))
    }

    /// Bytes with this digest, if they are there and still have it.
    pub fn bytes(&self, digest: &Digest) -> Option<Vec<u8>> {
        let path = self.blob_path(digest);
        let bytes = fs::read(&path).ok()?;
        if Digest::of(&bytes) != *digest {
            discard(&path);
            return None;
        }
        mark_used(&path);
        Some(bytes)
    }

    /// Whether bytes with this digest and size are there and whole, without holding them in memory.
    fn holds(&self, digest: &Digest, size: u64) -> bool {
        let path = self.blob_path(digest);
        match digest_file(&path) {
            Ok(found) if found == (*digest, size) => {
                mark_used(&path);
                true
            }
            Ok(_) => {
                discard(&path);
                false
            }
            Err(_) => false,
        }
    }

    fn evidence_path(&self, fingerprint: &Digest) -> PathBuf {
        self.root.join(place("evidence", fingerprint))
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.root.join(place("blobs", digest))
    }
}

impl shared::Local for Store {
    fn has(&self, file: &EvidenceFile) -> bool {
        self.holds(&file.digest, file.size)
    }

    fn read(&self, file: &EvidenceFile) -> Option<Vec<u8>> {
        self.bytes(&file.digest)
    }

    fn keep_file(&self, bytes: &[u8]) -> Option<()> {
        self.put_bytes(bytes).ok().map(drop)
    }

    fn keep(&self, evidence: &Evidence) -> Option<()> {
        self.put_evidence(evidence).ok()
    }
}

fn parse_evidence(bytes: &[u8]) -> Option<Evidence> {
    serde_json::from_slice(record::open(VERSION, bytes)?).ok()
}

fn digest_file(path: &Path) -> io::Result<(Digest, u64)> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok((Digest::from_bytes(*hasher.finalize().as_bytes()), hasher.count()))
}

fn copy_into(source: &Path, directory: &Path, target: &Path) -> io::Result<()> {
    let mut temporary = atomic::temporary_in(directory)?;
    io::copy(&mut File::open(source)?, &mut temporary)?;
    temporary.flush()?;
    atomic::persist(temporary, target)
}

/// Removes a file that is no use. Failing to is harmless: it is recognised again next time.
fn discard(path: &Path) {
    let _ = fs::remove_file(path);
}

/// Notes the use of a file for [`Store::gc`], at most once a day. Best effort: a store that cannot be written is still
/// readable.
fn mark_used(path: &Path) {
    let Ok(modified) = fs::metadata(path).and_then(|metadata| metadata.modified()) else {
        return;
    };
    let now = SystemTime::now();
    // A time in the future (a clock that went backwards) is corrected too, or it would be kept for ever.
    let recent = now.duration_since(modified).is_ok_and(|age| age < TOUCH_INTERVAL);
    if !recent && let Ok(file) = File::options().write(true).open(path) {
        let _ = file.set_modified(now);
    }
}

#[cfg(test)]
mod tests;
