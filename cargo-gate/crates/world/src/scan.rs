//! Lists the files of the workspace and digests what the index does not know.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rayon::prelude::*;

use gate_base::digest::Digest;
use gate_base::error::Result;

use super::blob::{Blob, Format, Hasher, Tee, same_but_for_form};
use super::contents::{Contents, Room};
use super::environment::Environment;
use super::files::{File, FileKind, FileList};
use super::git::{self, Answers, DirtyPath, Git, KnownStatus, Listed};
use super::index::{Entry, Index, Stamp};
use super::links;
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
    /// A path below the gate directory that git tracks.
    pub tracked_evidence: Option<String>,
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
    /// The target directory, relative to the workspace root. What git tracks in it is part of the workspace all the same.
    directory: Option<PathBuf>,
    /// The gate directory, by its name and by where links lead to, relative to the workspace root.
    gate: Vec<PathBuf>,
}

impl Outside {
    /// The target directory; where the whole workspace lies in it, only the gate directory.
    pub(crate) fn new(root: &Path, target_dir: &Path) -> Self {
        let directory = if root.starts_with(target_dir) {
            target_dir.join("gate")
        } else {
            target_dir.to_path_buf()
        };
        let below = |path: &Path| path.strip_prefix(root).ok().map(Path::to_path_buf);
        let gate = target_dir.join("gate");
        let real = std::fs::canonicalize(&gate).ok().zip(std::fs::canonicalize(root).ok());
        let real = real.and_then(|(gate, root)| gate.strip_prefix(root).ok().map(Path::to_path_buf));
        let mut gate: Vec<PathBuf> = below(&gate).into_iter().chain(real).collect();
        gate.dedup();
        Self {
            directory: below(&directory),
            gate,
        }
    }

    fn contains(&self, native: &Path) -> bool {
        self.directory
            .as_ref()
            .is_some_and(|outside| native.starts_with(outside))
    }

    /// Whether a path is left out of the workspace.
    fn leaves_out(&self, native: &Path, tracked: bool) -> bool {
        self.is_gate(native) || (!tracked && self.contains(native))
    }

    fn is_gate(&self, native: &Path) -> bool {
        self.gate.iter().any(|gate| native.starts_with(gate))
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
        mut git,
        git_problem,
        tracked_evidence,
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
    let seen = Seen {
        root,
        index: &index,
        stats: &stats,
        room: &room,
    };
    let mut examined: Vec<Option<Examined>> = known.into_iter().map(|listed| examine(&seen, listed)).collect();
    let mut rest = rest.into_iter();
    let one_core_is_left = std::thread::available_parallelism().is_ok_and(|cores| cores.get() <= 2);
    while one_core_is_left && beside() {
        let Some(listed) = rest.next() else { break };
        examined.push(examine(&seen, listed));
    }
    let rest: Vec<Listed> = rest.collect();
    if !rest.is_empty() {
        let rest = rest.into_par_iter().with_min_len(32);
        examined.par_extend(rest.map(|listed| examine(&seen, listed)));
    }
    let changed = examined.iter().flatten().any(|one| one.read)
        || examined.iter().flatten().filter(|one| one.stamp.is_some()).count() != index.count();
    let mut entries = changed.then(Vec::new);
    let mut files = Vec::with_capacity(examined.len());
    let mut contents = Vec::new();
    let mut differing = Vec::new();
    for one in examined.into_iter().flatten() {
        contents.extend(one.file.digest.zip(one.bytes));
        if let (Some(entries), Some(stamp), Some(digest)) = (&mut entries, one.stamp, one.file.digest) {
            entries.push(Entry {
                path: one.file.path.clone(),
                stamp,
                digest,
                blob: one.blob,
            });
        }
        if one.differs {
            differing.push(one.file.path.clone());
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
    let mut files = FileList::new(files);
    let top = git.as_ref().map_or(root, |git| git.top.as_path());
    let leaving = links::follow(root, top, &mut files);
    if let Some(git) = &mut git {
        git.hidden = hidden(differing, &git.dirty);
        git.leaving = leaving;
    }
    Ok(Scan {
        files,
        contents: Contents::new(contents),
        git,
        git_problem,
        tracked_evidence,
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
        let evidence = self
            .files
            .iter()
            .find(|file| file.tracked && outside.is_gate(&file.native));
        self.tracked_evidence = self.tracked_evidence.take().or(evidence.map(|file| file.path.clone()));
        self.files
            .retain(|file| !outside.leaves_out(&file.native, file.tracked));
        if let Some(git) = &mut self.git {
            leave_out(outside, &mut git.dirty);
        }
    }
}

fn leave_out(outside: &Outside, dirty: &mut Vec<DirtyPath>) {
    let spelled: Vec<String> = outside.gate.iter().map(|gate| paths::spell(gate)).collect();
    let directory = outside.directory.as_deref().map(paths::spell);
    dirty.retain(|dirty| {
        let in_target = directory
            .as_ref()
            .is_some_and(|directory| is_below(&dirty.path, directory));
        let in_gate = spelled.iter().any(|gate| is_below(&dirty.path, gate));
        !in_gate && (!in_target || !dirty.untracked)
    });
}

fn is_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Of the paths whose contents are not those of the commit, those that git does not report, and nothing they lie in.
fn hidden(mut differing: Vec<String>, dirty: &[DirtyPath]) -> Vec<String> {
    differing.retain(|path| !dirty.iter().any(|dirty| is_below(path, &dirty.path)));
    differing.sort();
    differing
}

#[derive(Default)]
struct Listings {
    git: Option<Git>,
    git_problem: Option<String>,
    tracked_evidence: Option<String>,
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
                let evidence = files.iter().find(|file| file.tracked && outside.is_gate(&file.native));
                let tracked_evidence = evidence.map(|file| file.path.clone());
                files.retain(|file| !outside.leaves_out(&file.native, file.tracked));
                leave_out(outside, &mut git.dirty);
                return Ok(Listings {
                    git: Some(git),
                    git_problem: None,
                    tracked_evidence,
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
        blob: None,
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
    /// What git calls the contents.
    blob: Blob,
    /// Whether the contents are not those that git has.
    differs: bool,
    /// Whether the file had to be read.
    read: bool,
    /// What was read, where it is kept.
    bytes: Option<Vec<u8>>,
}

/// What is known before a file is looked at.
struct Seen<'a> {
    root: &'a Path,
    index: &'a Index,
    stats: &'a [Option<Metadata>],
    room: &'a Room,
}

/// Looks at one path; `None` for what is neither file nor link (a socket, a directory git knows nothing about).
fn examine(seen: &Seen<'_>, listed: Listed) -> Option<Examined> {
    let path = seen.root.join(&listed.native);
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
        blob: Blob::default(),
        differs: false,
        read: false,
        bytes: None,
    };
    if listed.submodule {
        return Some(one);
    }
    let file = &mut one.file;
    let looked = seen
        .index
        .position(&file.path)
        .and_then(|at| seen.stats.get(at)?.clone());
    match looked.map_or_else(|| std::fs::symlink_metadata(&path), Ok) {
        Ok(meta) if meta.file_type().is_symlink() => match std::fs::read_link(&path) {
            Ok(target) => {
                let text = target.as_os_str().as_encoded_bytes();
                file.kind = FileKind::Symlink;
                file.digest = Some(Digest::of(text));
                file.size = text.len() as u64;
                one.differs = listed.blob.is_some_and(|(format, blob)| Blob::of(format, text) != blob);
            }
            Err(_) => file.kind = FileKind::Unreadable,
        },
        Ok(meta) if meta.is_file() => {
            file.kind = FileKind::Regular;
            file.size = meta.len();
            file.executable = is_executable(&meta);
            let stamp = Stamp::of(&meta);
            one.stamp = Some(stamp);
            let known = seen.index.entry(&file.path, &stamp);
            // What was indexed without git has to be read again where git says what it should be.
            match known.filter(|known| known.blob.is_known() || listed.blob.is_none()) {
                Some(known) => {
                    file.digest = Some(known.digest);
                    one.blob = known.blob;
                }
                None => read(seen, &path, listed.blob.map(|(format, _)| format), &mut one),
            }
            if let Some((format, blob)) = listed.blob.filter(|(_, blob)| one.blob != *blob) {
                one.differs = !same_but_for_form(&path, format, blob);
                if !one.differs {
                    // As good as the same, which need not be found out again.
                    one.blob = blob;
                }
            }
        }
        // A directory in the place of a tracked file.
        Ok(_) if file.tracked => {
            file.kind = FileKind::Missing;
            one.differs = true;
        }
        Ok(meta) if meta.is_dir() => file.kind = FileKind::Unreadable,
        Ok(_) => return None,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => file.kind = FileKind::Unreadable,
        Err(_) => {
            file.kind = FileKind::Missing;
            one.differs = true;
        }
    }
    Some(one)
}

/// Reads a file that the index does not know.
fn read(seen: &Seen<'_>, path: &Path, format: Option<Format>, one: &mut Examined) {
    one.read = true;
    match digest(path, one.file.size, format, seen.room) {
        Ok(contents) => {
            one.file.digest = Some(contents.digest);
            one.blob = contents.blob;
            one.bytes = contents.bytes;
            // A file that grows while it is read has no stable state to remember.
            one.stamp = one.stamp.filter(|stamp| stamp.size == contents.size);
            one.file.size = contents.size;
        }
        Err(_) => {
            one.file.kind = FileKind::Unreadable;
            one.stamp = None;
            // Nothing new for the index.
            one.read = false;
        }
    }
}

/// Paths that no longer are what `files` says, sorted: other contents, another kind or mode, new, or gone. Every file is read
/// again: what runs between two looks may put times back.
///
/// # Errors
/// The root cannot be listed.
pub(crate) fn changed(
    root: &Path,
    outside: &Outside,
    environment: &Environment,
    files: &FileList,
    keep: impl Fn(&File) -> bool,
) -> Result<Vec<String>> {
    // There is no index here, so nothing is taken for known.
    let nothing_known = outside
        .gate
        .first()
        .map_or_else(|| root.join("target"), |gate| root.join(gate))
        .join("no-index");
    let now = scan(root, outside, &nothing_known, environment, &|| false)?.files;
    let same = |one: &File, other: &File| {
        (one.kind, one.executable, one.digest) == (other.kind, other.executable, other.digest)
    };
    let gone_or_other = files
        .iter()
        .filter(|file| now.get(&file.path).is_none_or(|other| !same(file, other)));
    let new = now.iter().filter(|file| files.get(&file.path).is_none());
    let mut changed: Vec<String> = gone_or_other
        .chain(new)
        .filter(|file| keep(file))
        .map(|file| file.path.clone())
        .collect();
    changed.sort();
    Ok(changed)
}

/// What a file holds.
struct Holds {
    digest: Digest,
    blob: Blob,
    size: u64,
    /// The contents, where they are to be kept.
    bytes: Option<Vec<u8>>,
}

fn digest(path: &Path, size: u64, format: Option<Format>, room: &Room) -> io::Result<Holds> {
    if let Some(read) = room.read(path, size) {
        let bytes = read?;
        return Ok(Holds {
            digest: Digest::of(&bytes),
            blob: format.map(|format| Blob::of(format, &bytes)).unwrap_or_default(),
            size: bytes.len() as u64,
            bytes: Some(bytes),
        });
    }
    let mut blob = format.map(|format| Hasher::new(format, size));
    let mut file = Tee {
        inner: std::fs::File::open(path)?,
        hasher: &mut blob,
    };
    let mut hasher = blake3::Hasher::new();
    // In pieces: a workspace may hold files larger than memory.
    hasher.update_reader(&mut file)?;
    Ok(Holds {
        digest: Digest::from_bytes(*hasher.finalize().as_bytes()),
        blob: blob.map(Hasher::finish).unwrap_or_default(),
        size: hasher.count(),
        bytes: None,
    })
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
