//! GPU kernels of the workspace as their locks describe them.

pub mod change;
pub mod check;
pub mod hints;
pub mod place;
pub mod rebuild;
pub mod sets;
pub mod stored;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use gate_build::UnitName;
use gate_build::lock::{KernelLock, LOCK_FILE, LockProblem, PTX_DIRECTORY, ProblemKind, RELOCK};

use gate_base::paths::join;
use gate_world::Workspace;

/// A directory with a kernel lock.
#[derive(Debug)]
pub struct LockedCrate {
    /// The directory relative to the workspace root, empty for the root itself.
    pub directory: String,
    /// Path of the lock.
    pub path: String,
    /// Text of the lock; empty where it cannot be read.
    pub text: String,
    /// The lock; `None` where it cannot be understood.
    pub lock: Option<KernelLock>,
    /// What is wrong with the lock and the files it names. Paths are relative to the workspace root.
    pub problems: Vec<LockProblem>,
    /// PTX files beside the lock that it does not name, sorted.
    pub stray: Vec<String>,
}

/// Every kernel lock of a member or of the workspace root with what is wrong with it, sorted by path.
pub fn locked_crates(workspace: &Workspace) -> Vec<LockedCrate> {
    directories(workspace)
        .into_iter()
        .map(|directory| locked_crate(workspace, directory))
        .collect()
}

/// Whether the workspace has anything to do with kernels: it compiles them, or has sources, PTX or a lock of them.
pub fn has_kernels(workspace: &Workspace) -> bool {
    let cargo = workspace.cargo();
    let members = cargo.members.iter().map(|member| &member.name);
    let dependencies = cargo.dependencies.iter().map(|dependency| &dependency.name);
    members.chain(dependencies).any(|name| name == "cargo-gate-build")
        || workspace
            .files()
            .iter()
            .any(|file| file.path.ends_with(LOCK_FILE) || file.path.ends_with(".cu") || file.path.ends_with(".ptx"))
}

/// Paths of all files that [`locked_crates`] reads; `None` when a lock cannot be read.
pub fn named_files(workspace: &Workspace) -> Option<BTreeSet<String>> {
    let mut paths = BTreeSet::new();
    for directory in directories(workspace) {
        let lock = join(directory, LOCK_FILE);
        let text = workspace.read(&lock).ok()?;
        paths.insert(lock);
        // It names architectures that the lock is compared with.
        let script = join(directory, "build.rs");
        paths.extend(
            workspace
                .files()
                .iter()
                .map(|file| &file.path)
                .filter(|path| **path == script)
                .cloned(),
        );
        let lock = std::str::from_utf8(&text)
            .ok()
            .and_then(|text| KernelLock::parse(text).ok());
        for image in lock
            .iter()
            .flat_map(|lock| lock.units.values())
            .flat_map(|unit| unit.images.values())
        {
            paths.insert(join(directory, &image.ptx));
            paths.extend(image.sources.keys().map(|source| join(directory, source)));
        }
        paths.extend(ptx_files(workspace, directory));
    }
    Some(paths)
}

/// Directories with a lock: those of members, and the workspace root. A lock elsewhere belongs to a package that is not judged here.
fn directories(workspace: &Workspace) -> Vec<&str> {
    let members = &workspace.cargo().members;
    let is_ours = |directory: &str| directory.is_empty() || members.iter().any(|member| member.directory == directory);
    let locks = workspace.files().iter().filter_map(|file| {
        let directory = file.path.strip_suffix(LOCK_FILE)?;
        directory
            .strip_suffix('/')
            .or_else(|| directory.is_empty().then_some(""))
    });
    locks.filter(|directory| is_ours(directory)).collect()
}

/// The PTX files beside a lock.
fn ptx_files(workspace: &Workspace, directory: &str) -> Vec<String> {
    let prefix = join(directory, PTX_DIRECTORY) + "/";
    let files = workspace.files().iter().map(|file| &file.path);
    files
        .filter(|path| path.starts_with(&prefix) && path.ends_with(".ptx"))
        .cloned()
        .collect()
}

fn locked_crate(workspace: &Workspace, directory: &str) -> LockedCrate {
    let path = join(directory, LOCK_FILE);
    let mut found = LockedCrate {
        directory: directory.to_owned(),
        text: String::new(),
        lock: None,
        problems: Vec::new(),
        stray: Vec::new(),
        path,
    };
    let unreadable = |message: String, line| LockProblem {
        file: LOCK_FILE.to_owned(),
        line,
        kind: ProblemKind::Lock,
        message,
        help: format!("restore it from version control, or regenerate it with `{RELOCK}`"),
    };
    let read = workspace
        .read(&found.path)
        .and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other));
    match read {
        Err(error) => found
            .problems
            .push(unreadable(format!("cannot read the lock: {error}"), None)),
        Ok(text) => {
            match KernelLock::parse(&text) {
                Err(error) => found.problems.push(unreadable(error.message, Some(error.line))),
                Ok(lock) => {
                    let names = names_from(workspace, directory);
                    found.problems = lock.verify_with(
                        &mut |file| workspace.read(&join(directory, file)),
                        names.iter().map(String::as_str),
                    );
                    let named = lock.units.values().flat_map(|unit| unit.images.values());
                    let named: BTreeSet<String> = named.map(|image| join(directory, &image.ptx)).collect();
                    found.stray = ptx_files(workspace, directory)
                        .into_iter()
                        .filter(|path| !named.contains(path))
                        .collect();
                    found.lock = Some(lock);
                }
            }
            found.text = text;
        }
    }
    for problem in &mut found.problems {
        problem.file = join(directory, &problem.file);
    }
    found
}

/// Names of all files of the workspace as the build script of a crate in `directory` would name them.
fn names_from(workspace: &Workspace, directory: &str) -> Vec<String> {
    let top = Path::new("/");
    let root = top.join(directory);
    let files = workspace.files().iter();
    files
        .map(|file| UnitName::of(&root, &top.join(&file.path)).to_string())
        .collect()
}
