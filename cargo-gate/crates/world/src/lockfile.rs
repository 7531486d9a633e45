//! `Cargo.lock`.

use std::path::Path;

use gate_base::digest::Digest;

use super::files::FileList;
use super::git::Git;

/// State of the lockfile on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lockfile {
    /// Whether `Cargo.lock` exists.
    pub exists: bool,
    /// Whether git tracks it; `None` outside git.
    pub tracked: Option<bool>,
    /// Whether an ignore rule of git hides it.
    pub ignored: bool,
    /// Digest of its bytes; `None` when it does not exist or cannot be read.
    pub digest: Option<Digest>,
    /// The bytes themselves; `None` as above.
    pub bytes: Option<Vec<u8>>,
}

impl Lockfile {
    /// The lockfile beside the root manifest.
    pub fn read(root: &Path, files: &FileList, git: Option<&Git>) -> Self {
        let listed = files.get("Cargo.lock");
        let path = root.join("Cargo.lock");
        let bytes = std::fs::read(&path).ok();
        let exists = path.symlink_metadata().is_ok();
        Self {
            exists,
            tracked: git.map(|_| listed.is_some_and(|file| file.tracked)),
            // What exists, is not tracked, and is not offered for tracking, is ignored. Of what is not there yet git is asked.
            ignored: listed.is_none() && git.is_some_and(|git| exists || git.ignores("Cargo.lock")),
            digest: bytes.as_deref().map(Digest::of),
            bytes,
        }
    }
}
