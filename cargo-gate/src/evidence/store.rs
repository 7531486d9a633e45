//! The local content-addressed store under `target/gate/store`: evidence by fingerprint, bytes by digest.

use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::error::Result;

use super::Evidence;

/// The local store. Entries are written atomically; one that is corrupt is a miss, never an error and never a pass.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// The store below the gate directory; nothing is created before the first write.
    pub fn new(gate_dir: &Path) -> Self {
        Self {
            root: gate_dir.join("store"),
        }
    }

    /// Directory of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Evidence under this fingerprint, if it is there, whole, and all its files are there.
    pub fn evidence(&self, fingerprint: &Digest) -> Option<Evidence> {
        let _ = fingerprint;
        todo!()
    }

    /// Stores evidence under its fingerprint.
    ///
    /// # Errors
    /// I/O errors; nothing half-written stays visible.
    pub fn put_evidence(&self, evidence: &Evidence) -> Result<()> {
        let _ = evidence;
        todo!()
    }

    /// Stores bytes and returns their digest.
    ///
    /// # Errors
    /// I/O errors.
    pub fn put_bytes(&self, bytes: &[u8]) -> Result<Digest> {
        let _ = bytes;
        todo!()
    }

    /// Moves a finished file into the store (or copies it across file systems) and returns digest and size.
    ///
    /// # Errors
    /// I/O errors.
    pub fn put_file(&self, path: &Path) -> Result<(Digest, u64)> {
        let _ = path;
        todo!()
    }

    /// Bytes with this digest, if they are there and still have it.
    pub fn bytes(&self, digest: &Digest) -> Option<Vec<u8>> {
        let _ = digest;
        todo!()
    }
}
