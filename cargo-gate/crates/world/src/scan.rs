//! Lists the files of the workspace and digests what the index does not know.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rayon::prelude::*;

use gate_base::digest::Digest;
use gate_base::error::Result;

use super::contents::{Contents, Room};
use super::environment::Environment;
use super::files::{File, FileKind, FileList};
use super::git::{self, Answers, Git, KnownStatus, Listed};
use super::index::{Entry, Index, Stamp};
use gate_base::paths;

/// What was found below the root.
#[derive(Debug)]
pub(crate) struct Scan {
    pub files: FileList,
    /// What was read for the digests.
    pub contents: Contents,
    pub git: Option<Git>,
    /// Why there is no version control although there is a repository.
    pub git_problem: Option<String>,
    /// Entries for the index, when they differ from what it holds.
    pub entries: Option<Vec<Entry>>,
    /// What git said of the work tree, when that is new and may be remembered.
    pub status: Option<KnownStatus>,
    /// When the scan began.
    pub began: SystemTime,
}

/// Directories that are not part of the workspace, although they may lie below its root.
#[derive(Debug, Clone)]
pub(crate) struct Outside {
    /// Relative to the workspace root.
    directory: Option<PathBuf>,
}

impl Outside {
    /// The target directory; where the whole workspace lies in it, only the gate directory.
    pub(crate) fn new(root: &Path, target_dir: &Path) -> Self {
        let directory = if root.starts_with(target_dir) {
            target_dir.join("gate")
        } else {
            target_dir.to_path_buf()
        };
        Self {
            directory: directory.strip_prefix(root).ok().map(Path::to_path_buf),
        }
    }

    fn contains(&self, native: &Path) -> bool {
        self.directory
            .as_ref()
            .is_some_and(|outside| native.starts_with(outside))
    }
}

/// Reads the work tree below `root`. While something else needs a core that everybody waits for, as `beside` tells, that core
/// is left to it.
///
/// # Errors
/// The root cannot be listed.
pub(crate) fn scan(
    root: &Path,
    outside: &Outside,
    gate_dir: &Path,
    environment: &Environment,
    beside: &dyn Fn() -> bool,
) -> Result<Scan> {
    let began = SystemTime::now();
    let program = git::Program::find(environment, root);
    let index = Index::load(gate_dir);
    // A thread of its own: waiting for git must not hold up the pool.
    let (stats, listed) = std::thread::scope(|scope| {
        let stats = scope.spawn(|| index.stat_all(root));
        let known = program
            .as_ref()
            .and_then(|program| KnownStatus::load(program, gate_dir, &index));
        let Some(known) = known else {
            let listed = list(root, outside, program.as_ref(), None);
            return (stats.join().unwrap_or_default(), listed);
        };
        // Nearly always it holds, so the list is made meanwhile; it counts only once every file was seen to be the same.
        let listed = list(root, outside, program.as_ref(), Some(&known));
        let stats = stats.join().unwrap_or_default();
        if index.is_current(&stats) {
            return (stats, listed);
        }
        let listed = list(root, outside, program.as_ref(), None);
        (stats, listed)
    });
    let Listings {
        git,
        git_problem,
        answers,
        files: listed,
    } = listed?;

    // What was looked at before and is known costs nothing more; the rest is read in parallel.
    let (known, rest): (Vec<Listed>, Vec<Listed>) = listed.into_iter().partition(|listed| {
        let at = index.position(&listed.path);
        let meta = at.and_then(|at| stats.get(at)?.as_ref());
        meta.is_some_and(|meta| meta.is_file() && index.lookup(&listed.path, &Stamp::of(meta)).is_some())
    });
    let room = Room::new();
    let mut examined: Vec<Option<Examined>> = known
        .into_iter()
        .map(|listed| examine(root, listed, (&index, &stats), &room))
        .collect();
    let mut rest = rest.into_iter();
    let one_core_is_left = std::thread::available_parallelism().is_ok_and(|cores| cores.get() <= 2);
    while one_core_is_left && beside() {
        let Some(listed) = rest.next() else { break };
        examined.push(examine(root, listed, (&index, &stats), &room));
    }
    let rest: Vec<Listed> = rest.collect();
    if !rest.is_empty() {
        let rest = rest.into_par_iter().with_min_len(32);
        examined.par_extend(rest.map(|listed| examine(root, listed, (&index, &stats), &room)));
    }
    let changed = examined.iter().flatten().any(|one| one.read)
        || examined.iter().flatten().filter(|one| one.stamp.is_some()).count() != index.count();
    let mut entries = changed.then(Vec::new);
    let mut files = Vec::with_capacity(examined.len());
    let mut contents = Vec::new();
    for one in examined.into_iter().flatten() {
        contents.extend(one.file.digest.zip(one.bytes));
        if let (Some(entries), Some(stamp), Some(digest)) = (&mut entries, one.stamp, one.file.digest) {
            entries.push(Entry {
                path: one.file.path.clone(),
                stamp,
                digest,
            });
        }
        files.push(one.file);
    }
    let status = match (answers, &program, &git) {
        // Only what the index vouches for, in full.
        (Some(answers), Some(program), Some(git)) if entries.is_none() && is_plain(&files) => {
            KnownStatus::of(program, &git.top, &index, answers, |path| outside.contains(path), began)
        }
        _ => None,
    };
    Ok(Scan {
        files: FileList::new(files),
        contents: Contents::new(contents),
        git,
        git_problem,
        entries,
        status: status.filter(KnownStatus::is_settled),
        began,
    })
}

/// Whether the state of all files shows in their stamps, and in those of their directories.
fn is_plain(files: &[File]) -> bool {
    files.iter().all(|file| file.kind != FileKind::Unreadable)
}

impl Scan {
    /// Leaves out what turned out not to be part of the workspace.
    pub(crate) fn leave_out(&mut self, outside: &Outside) {
        self.files.retain(|file| !outside.contains(&file.native));
        if let Some(git) = &mut self.git {
            git.dirty.retain(|dirty| {
                let directory = outside.directory.as_deref().map(paths::spell);
                directory.is_none_or(|directory| !is_below(&dirty.path, &directory))
            });
        }
    }
}

fn is_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[derive(Default)]
struct Listings {
    git: Option<Git>,
    git_problem: Option<String>,
    answers: Option<Answers>,
    files: Vec<Listed>,
}

fn list(
    root: &Path,
    outside: &Outside,
    program: Option<&git::Program>,
    known: Option<&KnownStatus>,
) -> Result<Listings> {
    let mut problem = None;
    if let Some(program) = program {
        match git::list(program, known) {
            // A workspace that an ignore rule of an enclosing repository hides is not under version control.
            Ok(Some(listing)) if listing.files.iter().any(|file| file.path == "Cargo.toml") => {
                let mut git = Git::new(program.clone(), &listing);
                let mut files = listing.files;
                files.retain(|file| !outside.contains(&file.native));
                if let Some(directory) = outside.directory.as_deref().map(paths::spell) {
                    git.dirty.retain(|dirty| !is_below(&dirty.path, &directory));
                }
                return Ok(Listings {
                    git: Some(git),
                    git_problem: None,
                    answers: listing.answers,
                    files,
                });
            }
            Ok(_) => {}
            Err(message) => problem = Some(message),
        }
    }
    Ok(Listings {
        git_problem: problem,
        files: walk(root, outside),
        ..Listings::default()
    })
}

/// Every file that no ignore rule inside the workspace hides.
fn walk(root: &Path, outside: &Outside) -> Vec<Listed> {
    let outside = outside.clone();
    let base = root.to_path_buf();
    let walk = ignore::WalkBuilder::new(root)
        .hidden(false)
        .parents(false)
        .git_global(false)
        .require_git(false)
        .filter_entry(move |entry| {
            let inside = entry.path().strip_prefix(&base).unwrap_or(entry.path());
            entry.file_name() != ".git" && !outside.contains(inside)
        })
        .build();
    // What cannot be listed has no name to report; a directory without permission counts as unreadable by its own.
    let mut files = Vec::new();
    for found in walk {
        match found {
            Ok(entry) => {
                if entry.file_type().is_some_and(|kind| kind.is_dir()) {
                    continue;
                }
                push(root, entry.path(), &mut files);
            }
            Err(error) => {
                if let Some(path) = path_of(&error) {
                    push(root, path, &mut files);
                }
            }
        }
    }
    files
}

fn push(root: &Path, path: &Path, files: &mut Vec<Listed>) {
    let Ok(native) = path.strip_prefix(root) else { return };
    files.push(Listed {
        native: native.into(),
        path: paths::spell(native),
        tracked: false,
        submodule: false,
    });
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}

struct Examined {
    file: File,
    /// Set when the digest may go into the index.
    stamp: Option<Stamp>,
    /// Whether the file had to be read.
    read: bool,
    /// What was read, where it is kept.
    bytes: Option<Vec<u8>>,
}

/// Looks at one path; `None` for what is neither file nor link (a socket, a directory git knows nothing about).
fn examine(
    root: &Path,
    listed: Listed,
    (index, stats): (&Index, &[Option<Metadata>]),
    room: &Room,
) -> Option<Examined> {
    let path = root.join(&listed.native);
    let mut one = Examined {
        file: File {
            path: listed.path,
            native: listed.native,
            tracked: listed.tracked,
            kind: FileKind::Submodule,
            executable: false,
            size: 0,
            digest: None,
        },
        stamp: None,
        read: false,
        bytes: None,
    };
    if listed.submodule {
        return Some(one);
    }
    let file = &mut one.file;
    let seen = index.position(&file.path).and_then(|at| stats.get(at)?.clone());
    match seen.map_or_else(|| std::fs::symlink_metadata(&path), Ok) {
        Ok(meta) if meta.file_type().is_symlink() => match std::fs::read_link(&path) {
            Ok(target) => {
                file.kind = FileKind::Symlink;
                file.digest = Some(Digest::of(target.as_os_str().as_encoded_bytes()));
                file.size = target.as_os_str().len() as u64;
            }
            Err(_) => file.kind = FileKind::Unreadable,
        },
        Ok(meta) if meta.is_file() => {
            file.kind = FileKind::Regular;
            file.size = meta.len();
            file.executable = is_executable(&meta);
            let stamp = Stamp::of(&meta);
            file.digest = index.lookup(&file.path, &stamp);
            one.stamp = Some(stamp);
            if file.digest.is_none() {
                one.read = true;
                match digest(&path, file.size, room) {
                    Ok((digest, size, bytes)) => {
                        file.digest = Some(digest);
                        one.bytes = bytes;
                        // A file that grows while it is read has no stable state to remember.
                        one.stamp = one.stamp.filter(|stamp| stamp.size == size);
                        file.size = size;
                    }
                    Err(_) => {
                        file.kind = FileKind::Unreadable;
                        one.stamp = None;
                        // Nothing new for the index.
                        one.read = false;
                    }
                }
            }
        }
        // A directory in the place of a tracked file.
        Ok(_) if file.tracked => file.kind = FileKind::Missing,
        Ok(meta) if meta.is_dir() => file.kind = FileKind::Unreadable,
        Ok(_) => return None,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => file.kind = FileKind::Unreadable,
        Err(_) => file.kind = FileKind::Missing,
    }
    Some(one)
}

/// Paths of the files that no longer are what `files` says, sorted. Every file is read again: what runs between two
/// looks may put times back.
pub(crate) fn changed(root: &Path, files: &FileList, keep: impl Fn(&File) -> bool + Sync) -> Vec<String> {
    let all: Vec<&File> = files.iter().collect();
    all.into_par_iter()
        .filter(|file| file.kind == FileKind::Regular && keep(file))
        .filter(|file| hash(&root.join(&file.native)).ok().map(|(digest, _)| digest) != file.digest)
        .map(|file| file.path.clone())
        .collect()
}

/// Digest and size of a file, and its contents where they are to be kept.
fn digest(path: &Path, size: u64, room: &Room) -> io::Result<(Digest, u64, Option<Vec<u8>>)> {
    match room.read(path, size) {
        Some(read) => {
            let bytes = read?;
            Ok((Digest::of(&bytes), bytes.len() as u64, Some(bytes)))
        }
        None => hash(path).map(|(digest, size)| (digest, size, None)),
    }
}

fn hash(path: &Path) -> io::Result<(Digest, u64)> {
    let mut file = std::fs::File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    // In pieces: a workspace may hold files larger than memory.
    hasher.update_reader(&mut file)?;
    Ok((Digest::from_bytes(*hasher.finalize().as_bytes()), hasher.count()))
}

#[cfg(unix)]
fn is_executable(meta: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    meta.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    false
}
