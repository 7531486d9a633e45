//! The files of the workspace with their digests.

use std::path::PathBuf;
use std::sync::OnceLock;

use gate_base::digest::{Digest, DigestBuilder};

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// A regular file.
    Regular,
    /// A symbolic link; its digest is that of its text and of what it leads to outside the listed files.
    Symlink,
    /// A submodule that is not checked out.
    Submodule,
    /// Tracked, but not there.
    Missing,
    /// There, but it cannot be read; it has no digest and so evidence over it is never reused.
    Unreadable,
}

impl FileKind {
    /// Stable name, part of digests.
    fn name(self) -> &'static str {
        match self {
            FileKind::Regular => "regular",
            FileKind::Symlink => "symlink",
            FileKind::Submodule => "submodule",
            FileKind::Missing => "missing",
            FileKind::Unreadable => "unreadable",
        }
    }
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path relative to the workspace root, `/`-separated. Bytes that are not UTF-8, control characters, characters
    /// that break or reorder a line, and `\` are written as `\xNN`, so that the text is unique and fits on one line.
    pub path: String,
    /// The same path as the operating system spells it, relative to the workspace root.
    pub native: PathBuf,
    /// Whether git tracks it; outside git, `false`.
    pub tracked: bool,
    /// What it is.
    pub kind: FileKind,
    /// Whether its owner may execute it; always `false` on Windows.
    pub executable: bool,
    /// Size in bytes.
    pub size: u64,
    /// Digest of its bytes; `None` when it is missing, unreadable or a submodule.
    pub digest: Option<Digest>,
}

/// All files, sorted by path.
#[derive(Debug, Clone, Default)]
pub struct FileList {
    files: Vec<File>,
    content: OnceLock<Digest>,
}

impl FileList {
    /// A list from files in any order.
    pub fn new(mut files: Vec<File>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        Self {
            files,
            content: OnceLock::new(),
        }
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

    /// The files whose path starts with `prefix`.
    pub fn starting_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a File> {
        let start = self.files.partition_point(|file| file.path.as_str() < prefix);
        self.files[start..]
            .iter()
            .take_while(move |file| file.path.starts_with(prefix))
    }

    /// Digest over path, kind, execute permission and contents of every file, the untracked ones included. What cannot
    /// be read counts by its path and kind.
    pub fn content_digest(&self) -> Digest {
        *self.content.get_or_init(|| {
            let mut builder = DigestBuilder::new("files");
            for file in &self.files {
                add(&mut builder, file);
            }
            builder.finish()
        })
    }

    /// Digest over path, kind, execute permission and contents of the files that `keep` accepts; `None` when one of
    /// them cannot be read, because then nothing tells two states of it apart and evidence over it must not be reused.
    pub fn digest_of(&self, mut keep: impl FnMut(&File) -> bool) -> Option<Digest> {
        let mut builder = DigestBuilder::new("files");
        for file in self.files.iter().filter(|file| keep(file)) {
            if file.kind == FileKind::Unreadable {
                return None;
            }
            add(&mut builder, file);
        }
        Some(builder.finish())
    }

    /// Digest over the path, the kind and whether git tracks it, of every file.
    pub fn names_digest(&self) -> Digest {
        let mut builder = DigestBuilder::new("names");
        for file in &self.files {
            builder
                .part(file.path.as_bytes())
                .part(file.kind.name().as_bytes())
                .part(&[u8::from(file.tracked)]);
        }
        builder.finish()
    }

    /// Changes one file; its path and kind of place stay.
    pub(crate) fn update(&mut self, path: &str, change: impl FnOnce(&mut File)) {
        if let Ok(at) = self.files.binary_search_by(|file| file.path.as_str().cmp(path)) {
            change(&mut self.files[at]);
            self.content = OnceLock::new();
        }
    }

    /// Drops the files that `keep` refuses.
    pub fn retain(&mut self, keep: impl FnMut(&File) -> bool) {
        self.files.retain(keep);
        self.content = OnceLock::new();
    }
}

impl<'a> IntoIterator for &'a FileList {
    type Item = &'a File;
    type IntoIter = std::slice::Iter<'a, File>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

fn add(builder: &mut DigestBuilder, file: &File) {
    builder
        .part(file.path.as_bytes())
        .part(file.kind.name().as_bytes())
        .part(&[u8::from(file.executable)])
        .part(file.digest.as_ref().map_or(&[], |digest| digest.as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, kind: FileKind, content: &str) -> File {
        File {
            path: path.into(),
            native: path.into(),
            tracked: true,
            kind,
            executable: false,
            size: content.len() as u64,
            digest: (kind == FileKind::Regular).then(|| Digest::of(content.as_bytes())),
        }
    }

    #[test]
    fn the_order_of_discovery_does_not_matter() {
        let one = FileList::new(vec![
            file("b", FileKind::Regular, "2"),
            file("a", FileKind::Regular, "1"),
        ]);
        let two = FileList::new(vec![
            file("a", FileKind::Regular, "1"),
            file("b", FileKind::Regular, "2"),
        ]);
        assert_eq!(one.content_digest(), two.content_digest());
        assert_eq!(one.get("b").map(|file| file.size), Some(1));
        assert!(one.get("c").is_none());
    }

    #[test]
    fn kind_contents_and_names_count() {
        let base = FileList::new(vec![file("a", FileKind::Regular, "1")]);
        let changed = FileList::new(vec![file("a", FileKind::Regular, "2")]);
        let gone = FileList::new(vec![file("a", FileKind::Missing, "")]);
        assert_ne!(base.content_digest(), changed.content_digest());
        assert_ne!(base.content_digest(), gone.content_digest());
        assert_eq!(base.names_digest(), changed.names_digest());
        assert_ne!(base.names_digest(), gone.names_digest());
        let mut script = file("a", FileKind::Regular, "1");
        script.executable = true;
        assert_ne!(base.content_digest(), FileList::new(vec![script]).content_digest());
    }

    #[test]
    fn there_is_no_digest_over_what_cannot_be_read() {
        let list = FileList::new(vec![
            file("a", FileKind::Unreadable, ""),
            file("b", FileKind::Regular, ""),
        ]);
        assert_eq!(list.digest_of(|_| true), None);
        assert!(list.digest_of(|file| file.path == "b").is_some());
        assert_eq!(list.content_digest(), list.content_digest());
    }
}
