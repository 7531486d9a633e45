//! The secrets of a workspace, and the paths of this machine in it.

use std::io;

use gate_base::digest::Digest;
use gate_base::parallel;
use gate_world::files::{File, FileKind, FileList};

use super::TextScan;
use super::cache::ScanCache;
use super::file::{FileScan, MachinePath, MachinePaths, scan_file};

/// Larger files are not read.
const MAX_SIZE: u64 = 64 << 20;

/// Everything found in the files of a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretSurvey {
    /// Files with secrets or home directories, or that were not searched completely, sorted by path.
    pub files: Vec<FileSecrets>,
    /// Files that could not be read, sorted, each with the reason.
    pub unreadable: Vec<(String, String)>,
    /// Files that are too large to be read.
    pub too_large: Vec<String>,
    /// Number of files that were looked at.
    pub scanned: u32,
    /// Paths of this machine, each with its file.
    pub machine: Vec<(String, MachinePath)>,
}

/// One file with what was found in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSecrets {
    /// Path relative to the workspace root, `/`-separated.
    pub path: String,
    /// What was found.
    pub scan: TextScan,
}

/// Reads a file of the list; called from several threads.
pub type Read<'r> = dyn Fn(&File) -> io::Result<Vec<u8>> + Sync + 'r;

/// Whether a file is scanned: in a repository it is tracked, and it is not too large.
pub fn is_wanted(file: &File, in_repository: bool) -> bool {
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
        let (missing, unknown): (Vec<&File>, Vec<_>) = wanted
            .iter()
            .zip(&mut known)
            .filter(|(_, scan)| scan.is_none())
            .map(|(file, scan)| (*file, scan))
            .unzip();
        let scanned = parallel::map(&missing, &|file| {
            let bytes = read(file)?;
            // The file may have changed since it was listed: what is kept is kept for what was read.
            Ok::<_, io::Error>((Digest::of(&bytes), scan_file(&bytes, machine)))
        });
        for ((file, slot), result) in missing.into_iter().zip(unknown).zip(scanned) {
            match result {
                Ok((digest, scan)) => {
                    cache.insert(digest, &scan);
                    *slot = Some(scan);
                }
                Err(error) => survey.unreadable.push((file.path.clone(), error.to_string())),
            }
        }
        for (file, scan) in wanted.into_iter().zip(known) {
            let Some(scan) = scan else { continue };
            survey.scanned += 1;
            let paths = scan.machine.into_iter().map(|path| (file.path.clone(), path));
            survey.machine.extend(paths);
            let TextScan { hits, homes, unread } = &scan.text;
            if !hits.is_empty() || !homes.is_empty() || !unread.is_empty() {
                survey.files.push(FileSecrets {
                    path: file.path.clone(),
                    scan: scan.text,
                });
            }
        }
        survey
    }
}
