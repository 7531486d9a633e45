//! The files of a run directory, and what paths in its documents lead to. Nothing outside is read by accident.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use gate_base::digest::{Sha256, hex};
use gate_base::error::{Error, Result};
use gate_base::paths;

/// Most bytes of a document; data sets and weights are streamed and have no limit.
pub(crate) const DOCUMENT: u64 = 64 << 20;

/// A file of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its path below the directory, with `/`.
    pub(crate) path: String,
    /// Size in bytes.
    pub(crate) size: u64,
    /// What it is.
    pub(crate) kind: EntryKind,
}

/// What lies at a path of the run. Only files are read: a link leads to what can change, and a pipe never ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    Link,
    Other,
}

impl Entry {
    /// Whether it is a file.
    pub(crate) fn is_file(&self) -> bool {
        self.kind == EntryKind::File
    }

    /// Its path, and the rest of it below `under`, which ends with `/`.
    pub(crate) fn path_below(&self, under: &str) -> Option<(&str, &str)> {
        Some((&self.path, self.path.strip_prefix(under)?))
    }
}

/// A run directory as it lies on disk.
#[derive(Debug)]
pub(crate) struct Directory {
    /// Where it is.
    pub(crate) root: PathBuf,
    /// Every file below it, by path.
    pub(crate) entries: Vec<Entry>,
    /// The database that records it, with what it calls it, where that was named and the directory was not.
    pub(crate) record: Option<(PathBuf, String)>,
}

impl Directory {
    /// Lists a directory, with everything below it.
    ///
    /// # Errors
    /// It is not there or is not a directory (usage), or cannot be read.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        match fs::metadata(root) {
            Ok(data) if data.is_dir() => {}
            Ok(_) => {
                return Err(Error::usage(format!("not a directory: {}", root.display()))
                    .with_help("name the directory of a run with `--run DIR`"));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::usage(format!("Run directory not found: {}", root.display()))
                    .with_help("name the directory of a run with `--run DIR`"));
            }
            Err(error) => return Err(Error::io("read", root, &error)),
        }
        let mut entries = Vec::new();
        let mut open = vec![root.to_path_buf()];
        while let Some(directory) = open.pop() {
            let listed = fs::read_dir(&directory).map_err(|error| Error::io("list", &directory, &error))?;
            for item in listed {
                let item = item.map_err(|error| Error::io("list", &directory, &error))?;
                let path = item.path();
                let kind = item.file_type().map_err(|error| Error::io("read", &path, &error))?;
                if kind.is_dir() {
                    open.push(path);
                    continue;
                }
                let size = fs::metadata(&path).map_or(0, |data| data.len());
                entries.push(Entry {
                    path: paths::relative(root, &path),
                    size,
                    kind: if kind.is_symlink() {
                        EntryKind::Link
                    } else if kind.is_file() {
                        EntryKind::File
                    } else {
                        EntryKind::Other
                    },
                });
            }
        }
        entries.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(Self {
            root: root.to_path_buf(),
            entries,
            record: None,
        })
    }

    /// A directory without files, which may not even be there.
    pub(crate) fn empty(root: PathBuf) -> Self {
        Self {
            root,
            entries: Vec::new(),
            record: None,
        }
    }

    /// The file at exactly this path.
    pub(crate) fn entry(&self, path: &str) -> Option<&Entry> {
        let at = self
            .entries
            .binary_search_by(|entry| entry.path.as_str().cmp(path))
            .ok()?;
        self.entries.get(at)
    }

    /// The bytes of a document; `None` where it is not there.
    ///
    /// # Errors
    /// Why it cannot be read, as the end of a sentence.
    pub(crate) fn document(&self, path: &str) -> std::result::Result<Option<Vec<u8>>, String> {
        let Some(entry) = self.entry(path) else { return Ok(None) };
        match entry.kind {
            EntryKind::File => {}
            EntryKind::Link => return Err("it is a link".into()),
            EntryKind::Other => return Err("it is not a file".into()),
        }
        if entry.size > DOCUMENT {
            return Err(format!("it is larger than {} MiB", DOCUMENT >> 20));
        }
        fs::read(self.root.join(path))
            .map(Some)
            .map_err(|error| error.to_string())
    }
}

/// Why a path that a document declares is refused, as the end of a sentence; `None` for a plain relative path.
pub(crate) fn refused(path: &str) -> Option<&'static str> {
    let absolute = path.starts_with('/') || path.as_bytes().get(1) == Some(&b':');
    if path.is_empty() {
        Some("it is empty")
    } else if absolute {
        Some("it is absolute")
    } else if path.contains('\\') {
        Some("it has a backslash")
    } else if path.split('/').any(|part| part == "..") {
        Some("it leads up")
    } else if path.split('/').any(|part| part.is_empty() || part == ".") {
        Some("it has empty parts or `.`, so that one file has two names")
    } else {
        None
    }
}

/// A hash as it is written, without its algorithm.
pub(crate) fn bare(hash: &str) -> &str {
    hash.strip_prefix("sha256:").unwrap_or(hash)
}

/// Whether a text is a SHA-256 in hexadecimal.
pub(crate) fn is_sha256(hash: &str) -> bool {
    hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// SHA-256 of a file in lowercase hexadecimal, read in pieces.
///
/// # Errors
/// It cannot be read.
pub(crate) fn sha256(path: &Path) -> Result<String> {
    let mut digest = Sha256::default();
    pieces(path, |piece| digest.update(piece))?;
    Ok(digest.to_hex())
}

/// MD5 of a file in lowercase hexadecimal. Two files with the same MD5 are made in seconds: it shows that a download is whole, and no
/// more.
///
/// # Errors
/// It cannot be read.
pub(crate) fn md5(path: &Path) -> Result<String> {
    use md5::Digest as _;

    let mut digest = md5::Md5::new();
    pieces(path, |piece| digest.update(piece))?;
    Ok(hex(&digest.finalize()))
}

fn pieces(path: &Path, mut take: impl FnMut(&[u8])) -> Result<()> {
    let failed = |error: std::io::Error| Error::io("read", path, &error);
    let mut file = File::open(path).map_err(failed)?;
    let mut piece = vec![0; 1 << 18];
    loop {
        let read = file.read(&mut piece).map_err(failed)?;
        if read == 0 {
            return Ok(());
        }
        take(&piece[..read]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_one_name() {
        for path in ["", "/a", "c:/a", "a\\b", "../a", "a/../b", "./a", "a//b", "a/"] {
            assert!(refused(path).is_some(), "{path}");
        }
        assert_eq!(refused("eval/eval_results.json"), None);
    }

    #[test]
    fn a_missing_directory_is_named() {
        let error = Directory::open(Path::new("no/such/run")).expect_err("it is not there");
        assert_eq!(error.message, "Run directory not found: no/such/run");
        assert_eq!(error.exit_code(), gate_base::exit::USAGE);
    }
}
