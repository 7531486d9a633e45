//! One pass over the bytes of each file for everything that surveys ask of it: whoever lexes a file for one of them has it for all.

use std::sync::atomic::{AtomicUsize, Ordering};

use gate_base::digest::Digest;
use gate_rust::boundary::cache::ScanCache;
use gate_rust::boundary::scan::{self, Depth, scan_tokens, source_text};
use gate_rust::boundary::site::FileScan;
use gate_rust::boundary::tokens::{Token, Tokens};
use gate_rust::code::scan::scan_with_boundaries;
use gate_rust::code::{CodeCache, CodeScan, may_be_code};
use gate_text::secrets::cache::ScanCache as SecretCache;
use gate_text::secrets::file::{self, FileScan as SecretScan, MachinePaths};
use gate_text::secrets::survey;

use gate_world::Listed;
use gate_world::files::{File, FileKind};

/// What to look for in all files.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Whether the workspace lies in a repository.
    pub(super) in_repository: bool,
    /// Whether checks will ask for [`Surveys::code`](super::super::Surveys::code).
    pub(super) code: bool,
}

/// What is not known yet of a file.
#[derive(Debug, Clone, Copy)]
struct Task {
    /// Its position in the list of files.
    file: usize,
    boundaries: bool,
    code: bool,
    secrets: bool,
}

/// What was found in a file with this content.
struct Found {
    digest: Digest,
    boundaries: Option<FileScan>,
    code: Option<CodeScan>,
    secrets: Option<SecretScan>,
}

/// The files of a workspace with what is known of their contents, and what is left to find out.
#[derive(Debug)]
pub(super) struct Pass {
    pub(super) boundaries: Option<ScanCache>,
    pub(super) code: Option<CodeCache>,
    pub(super) secrets: Option<SecretCache>,
    machine: MachinePaths,
    left: Vec<Task>,
}

impl Pass {
    /// Finds out what the caches in the gate directory do not know.
    pub(super) fn new(wanted: Wanted, listed: &Listed<'_>) -> Self {
        let (files, gate_dir) = (listed.files, listed.gate_dir.as_path());
        let machine = MachinePaths::new(&listed.options.environment, listed.root);
        let mut boundaries = ScanCache::load(gate_dir);
        let mut secrets = SecretCache::load(gate_dir, machine.digest());
        let code = wanted.code.then(|| CodeCache::load(gate_dir));
        let mut left = Vec::new();
        for (at, file) in files.iter().enumerate() {
            let Some(digest) = file.digest.filter(|_| file.kind == FileKind::Regular) else {
                continue;
            };
            let unknown_code = |cache: &CodeCache| may_be_code(&file.path) && cache.get(&digest).is_none();
            let task = Task {
                file: at,
                boundaries: file.path.ends_with(".rs") && boundaries.get(&digest, Depth::Sites).is_none(),
                code: code.as_ref().is_some_and(unknown_code),
                secrets: survey::is_wanted(file, wanted.in_repository) && secrets.get(&digest).is_none(),
            };
            if task.boundaries || task.code || task.secrets {
                left.push(task);
            }
        }
        Self {
            boundaries: Some(boundaries),
            code,
            secrets: Some(secrets),
            machine,
            left,
        }
    }

    /// Looks through files that are left, on `threads` threads, for as long as `goes_on`.
    pub(super) fn work(&mut self, listed: &Listed<'_>, threads: usize, goes_on: &(dyn Fn() -> bool + Sync)) {
        let mut tasks = std::mem::take(&mut self.left);
        let next = AtomicUsize::new(0);
        let (all, machine) = (&tasks, &self.machine);
        let one = || {
            let mut found = Vec::new();
            let mut buffer = Vec::new();
            while goes_on() {
                let Some(task) = all.get(next.fetch_add(1, Ordering::Relaxed)) else {
                    break;
                };
                found.extend(look(*task, listed, machine, &mut buffer));
            }
            found
        };
        let found: Vec<Found> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(one)).collect();
            let mut found = one();
            for other in others {
                match other.join() {
                    Ok(more) => found.extend(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            found
        });
        // Each task that was taken was done.
        let taken = next.into_inner().min(tasks.len());
        self.left = tasks.split_off(taken);
        for found in found {
            self.keep(found);
        }
    }

    fn keep(&mut self, found: Found) {
        let digest = found.digest;
        if let (Some(cache), Some(scan)) = (&mut self.boundaries, found.boundaries) {
            cache.insert(digest, scan);
        }
        if let (Some(cache), Some(scan)) = (&mut self.code, found.code) {
            cache.insert(digest, scan);
        }
        if let (Some(cache), Some(scan)) = (&mut self.secrets, &found.secrets) {
            cache.insert(digest, scan);
        }
    }
}

/// Looks through one file. What cannot be read now is reported by the survey that asks for it.
fn look(task: Task, listed: &Listed<'_>, machine: &MachinePaths, buffer: &mut Vec<Token>) -> Option<Found> {
    let file: &File = listed.files.iter().as_slice().get(task.file)?;
    let read;
    let (bytes, digest) = match (listed.kept(file), file.digest) {
        (Some(kept), Some(digest)) => (kept, digest),
        _ => {
            read = std::fs::read(listed.root.join(&file.native)).ok()?;
            // The file may have changed since it was listed: what is kept is kept for what was read.
            (read.as_slice(), Digest::of(&read))
        }
    };
    let mut found = Found {
        digest,
        boundaries: None,
        code: None,
        secrets: task.secrets.then(|| file::scan_file(bytes, machine)),
    };
    if task.code || task.boundaries && may_be_code(&file.path) {
        let text = source_text(bytes);
        let tokens = Tokens::in_buffer(&text, std::mem::take(buffer));
        if task.code {
            let (boundaries, code) = scan_with_boundaries(&tokens);
            found.boundaries = Some(boundaries);
            found.code = Some(code);
        } else {
            // Which modules a file declares is asked for some files later, and costs little more now.
            found.boundaries = Some(scan_tokens(&tokens));
        }
        *buffer = tokens.into_buffer();
    } else if task.boundaries {
        // Most tests hold nothing that would have to be lexed for.
        found.boundaries = Some(scan::scan_file(bytes, Depth::Sites));
    }
    Some(found)
}
