//! What checks will ask for, done while cargo is asked: cargo keeps one core busy, and others would wait.
//!
//! Files are listed and digested by then, and what is found in a file depends on its bytes alone, so results go into
//! the caches by digest that the surveys read. Nothing is judged here, and what is not done when cargo answers is left
//! to the surveys, which use all cores.

use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::boundary::cache::ScanCache;
use crate::boundary::scan::{Depth, scan_file};
use crate::digest::Digest;
use crate::secrets::cache::ScanCache as SecretCache;
use crate::secrets::file::{self, MachinePaths};
use crate::secrets::survey;

use super::files::{FileKind, FileList};

/// Whether cargo is being asked.
#[derive(Debug, Default)]
pub(super) struct Waiting(AtomicU8);

impl Waiting {
    const BEGUN: u8 = 1;
    const OVER: u8 = 2;

    /// From now on there is time.
    pub(super) fn begin(&self) {
        self.0.store(Self::BEGUN, Ordering::Relaxed);
    }

    /// From now on there is none.
    pub(super) fn end(&self) {
        self.0.store(Self::OVER, Ordering::Relaxed);
    }

    fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::BEGUN
    }
}

/// Caches with what was found ahead; `None` once taken, or when there was no time.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    pub(crate) boundaries: Option<ScanCache>,
    pub(crate) secrets: Option<SecretCache>,
}

impl Ahead {
    /// Scans files below `root` for as long as cargo is being asked.
    pub(super) fn work(
        root: &Path,
        files: &FileList,
        in_repository: bool,
        gate_dir: &Path,
        machine: &MachinePaths,
        waiting: &Waiting,
    ) -> Self {
        if !waiting.is_on() {
            return Self::default();
        }
        let mut boundaries = ScanCache::load(gate_dir);
        let mut secrets = SecretCache::load(gate_dir, machine.digest());
        for file in files.iter().filter(|file| file.kind == FileKind::Regular) {
            if !waiting.is_on() {
                break;
            }
            let Some(digest) = file.digest else { continue };
            let boundary = file.path.ends_with(".rs") && boundaries.get(&digest, Depth::Sites).is_none();
            let secret = survey::is_wanted(file, in_repository) && secrets.get(&digest).is_none();
            if !boundary && !secret {
                continue;
            }
            // What cannot be read now is reported by the survey.
            let Ok(bytes) = std::fs::read(root.join(&file.native)) else {
                continue;
            };
            // The file may have changed since it was listed: what is kept is kept for what was read.
            let digest = Digest::of(&bytes);
            if boundary {
                // Which modules a file declares is asked for some files later, and costs little more now.
                boundaries.insert(digest, scan_file(&bytes, Depth::Modules));
            }
            if secret {
                secrets.insert(digest, &file::scan_file(&bytes, machine));
            }
        }
        Self {
            boundaries: Some(boundaries),
            secrets: Some(secrets),
        }
    }
}
