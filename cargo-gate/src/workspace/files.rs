//! The files of the workspace with their digests.

use std::path::PathBuf;

use crate::digest::Digest;

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    Regular,
    /// A symbolic link; its digest is that of the link's text.
    Symlink,
    /// A submodule that is not checked out.
    Submodule,
    /// Tracked, but not there.
    Missing,
    /// There, but it cannot be read; it has no digest and so evidence over it is never reused.
    Unreadable,
}

/// One file.
#[derive(Debug, Clone)]
pub struct File {
    /// Path relative to the workspace root, `/`-separated. Bytes that are not UTF-8, control characters and `\` are
    /// written as `\xNN`, so that the text is unique and fits on one line.
    pub path: String,
    /// The same path as the operating system spells it, relative to the workspace root.
    pub native: PathBuf,
    /// Whether git tracks it; outside git, `false`.
    pub tracked: bool,
    /// What it is.
    pub kind: FileKind,
    /// Size in bytes.
    pub size: u64,
    /// Digest of its bytes; `None` when it is missing, unreadable or a submodule.
    pub digest: Option<Digest>,
}

/// All files, sorted by path.
#[derive(Debug, Clone, Default)]
pub struct FileList {
    files: Vec<File>,
}

impl FileList {
    /// A list from files in any order.
    pub fn new(mut files: Vec<File>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        Self { files }
    }

    /// All files, sorted by path.
    pub fn iter(&self) -> std::slice::Iter<'_, File> {
        self.files.iter()
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The file at exactly this path.
    pub fn get(&self, path: &str) -> Option<&File> {
        self.files
            .binary_search_by(|file| file.path.as_str().cmp(path))
            .ok()
            .map(|at| &self.files[at])
    }
}
