//! The secrets of a workspace, and the paths of this machine in it.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::boundary::parallel;
use crate::digest::{Digest, DigestBuilder};
use crate::workspace::environment::Environment;
use crate::workspace::files::{File, FileKind, FileList};

use super::cache::ScanCache;
use super::position::{Positions, characters};
use super::{TextScan, homes, scan_all};

/// Larger files are not read.
const MAX_SIZE: u64 = 64 << 20;

/// Everything found in the files of a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretSurvey {
    /// Files with secrets or home directories, sorted by path.
    pub files: Vec<FileSecrets>,
    /// Files that could not be read, sorted, each with the reason.
    pub unreadable: Vec<(String, String)>,
    /// Files that are too large to be read.
    pub too_large: Vec<String>,
    /// Number of files that were looked at.
    pub scanned: u32,
    pub(crate) machine: Vec<(String, MachinePath)>,
}

/// One file with what was found in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSecrets {
    /// Path relative to the workspace root, `/`-separated.
    pub path: String,
    /// What was found.
    pub scan: TextScan,
}

/// A path of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachinePath {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Length in characters.
    pub length: u32,
}

/// What is kept of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileScan {
    /// Secrets and home directories.
    pub text: TextScan,
    /// Paths of this machine.
    pub machine: Vec<MachinePath>,
}

impl FileScan {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.text.hits.is_empty() && self.text.homes.is_empty() && self.machine.is_empty()
    }
}

/// Directories that exist on this machine only: the workspace, and the home directory of whoever runs the gate. Those
/// that any container has are none: they say nothing about anybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MachinePaths(Vec<String>);

impl MachinePaths {
    /// The directories of this machine.
    pub fn new(environment: &Environment, root: &Path) -> Self {
        let mut paths = Vec::new();
        for name in ["HOME", "USERPROFILE"] {
            let home = environment.text(name).unwrap_or_default().trim_end_matches(['/', '\\']);
            let (above, user) = home.rsplit_once(['/', '\\']).unwrap_or_default();
            if above.len() > 1 && !homes::is_nobody(user) {
                paths.push(home.to_owned());
            }
        }
        // `/app`, `/workspace` and `/github/workspace` are everybody's.
        if root.components().count() > 3 {
            paths.extend(root.to_str().map(str::to_owned));
        }
        paths.sort();
        paths.dedup();
        Self(paths)
    }

    /// Digest over them.
    pub fn digest(&self) -> Digest {
        let mut builder = DigestBuilder::new("machine paths");
        for path in &self.0 {
            builder.part(path.as_bytes());
        }
        builder.finish()
    }

    fn find(&self, bytes: &[u8]) -> Vec<MachinePath> {
        let mut positions = Positions::new(bytes);
        let mut found = Vec::new();
        for path in &self.0 {
            let path = path.as_bytes();
            for at in memchr::memmem::find_iter(bytes, path) {
                let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                if bytes.get(at + path.len()).is_some_and(goes_on) {
                    continue;
                }
                let (line, column) = positions.of(at);
                found.push(MachinePath {
                    line,
                    column,
                    length: characters(path),
                });
            }
        }
        found.sort_by_key(|path| (path.line, path.column));
        found.dedup_by_key(|path| (path.line, path.column));
        found
    }
}

/// Scans one text.
pub fn scan_file(bytes: &[u8], machine: &MachinePaths) -> FileScan {
    let text = scan_all(bytes);
    let is_text = memchr::memchr(0, &bytes[..bytes.len().min(8192)]).is_none();
    FileScan {
        text,
        machine: if is_text { machine.find(bytes) } else { Vec::new() },
    }
}

/// Reads a file of the list; called from several threads.
pub type Read<'r> = dyn Fn(&File) -> io::Result<Vec<u8>> + Sync + 'r;

/// Whether a file is scanned: in a repository it is tracked, and it is not too large.
pub(crate) fn is_wanted(file: &File, in_repository: bool) -> bool {
    (file.tracked || !in_repository) && file.size <= MAX_SIZE
}

impl SecretSurvey {
    /// Scans all files that the cache does not know. In a repository these are the tracked ones.
    pub fn new(
        files: &FileList,
        in_repository: bool,
        read: &Read<'_>,
        machine: &MachinePaths,
        cache: &mut ScanCache,
    ) -> Self {
        let mut survey = Self::default();
        let mut wanted: Vec<&File> = files
            .iter()
            .filter(|file| file.tracked || !in_repository)
            .filter(|file| matches!(file.kind, FileKind::Regular | FileKind::Unreadable))
            .collect();
        wanted.retain(|file| {
            let small = is_wanted(file, in_repository);
            if !small {
                survey.too_large.push(file.path.clone());
            }
            small
        });
        let mut known: Vec<Option<FileScan>> = wanted.iter().map(|file| cache.get(&file.digest?)).collect();
        let missing: Vec<usize> = (0..wanted.len()).filter(|at| known[*at].is_none()).collect();
        let scanned = parallel::map(missing.len(), &|at| {
            let bytes = read(wanted[missing[at]])?;
            // The file may have changed since it was listed: what is kept is kept for what was read.
            Ok::<_, io::Error>((Digest::of(&bytes), scan_file(&bytes, machine)))
        });
        for (at, result) in missing.into_iter().zip(scanned) {
            match result {
                Ok((digest, scan)) => {
                    cache.insert(digest, &scan);
                    known[at] = Some(scan);
                }
                Err(error) => survey.unreadable.push((wanted[at].path.clone(), error.to_string())),
            }
        }
        for (file, scan) in wanted.into_iter().zip(known) {
            let Some(scan) = scan else { continue };
            survey.scanned += 1;
            let paths = scan.machine.into_iter().map(|path| (file.path.clone(), path));
            survey.machine.extend(paths);
            if !scan.text.hits.is_empty() || !scan.text.homes.is_empty() {
                survey.files.push(FileSecrets {
                    path: file.path.clone(),
                    scan: scan.text,
                });
            }
        }
        survey
    }
}
