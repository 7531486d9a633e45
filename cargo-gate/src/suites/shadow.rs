//! A copy of the workspace for suites where there is no lockfile that could be kept: cargo would create one in the
//! tree, and a gate run leaves the tree as it is. The copy keeps the generated lockfile, so that results repeat.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result};
use crate::report::Reason;
use crate::workspace::Workspace;
use crate::workspace::cargo::Resolution;
use crate::workspace::files::{File, FileKind};

/// Where the copy is.
#[derive(Debug)]
pub(super) struct Tree {
    /// Directory of the root manifest.
    pub(super) root: PathBuf,
    /// Target directory.
    pub(super) target: PathBuf,
}

/// Whether cargo would write a lockfile if a suite ran in place: there is none, or there is one that nobody tracks and
/// that contradicts the manifests.
pub(super) fn needed(workspace: &Workspace) -> bool {
    let lockfile = workspace.lockfile();
    !lockfile.exists || (lockfile.tracked == Some(false) && matches!(workspace.resolution(), Resolution::Stale(_)))
}

/// Brings the copy up to date: writes what differs, removes what is gone, keeps modification times, so that cargo
/// builds again only what changed.
///
/// # Errors
/// I/O errors. The inner reason says why a copy would not be the workspace.
pub(super) fn prepare(workspace: &Workspace) -> Result<Result<Tree, Reason>> {
    if let Some((manifest, path)) = path_outside(workspace) {
        let reason = Reason::new(
            "no_lockfile",
            format!("there is no lockfile, and the copy that could have one cannot hold `{path}` of {manifest}"),
        );
        return Ok(Err(reason.help("cargo generate-lockfile")));
    }
    let gate = workspace.gate_dir();
    let tree = Tree {
        root: gate.join("tree"),
        target: gate.join("tree-target"),
    };
    fs::create_dir_all(&tree.root).map_err(|error| Error::io("create", &tree.root, &error))?;
    let mut keep = BTreeSet::from([PathBuf::from("Cargo.lock")]);
    for file in workspace.files().iter() {
        if matches!(file.kind, FileKind::Missing | FileKind::Submodule) || file.native == Path::new("Cargo.lock") {
            continue;
        }
        let (from, to) = (workspace.root().join(&file.native), tree.root.join(&file.native));
        copy(file, &from, &to).map_err(|error| Error::io("copy", &from, &error))?;
        keep.extend(file.native.ancestors().map(Path::to_owned));
    }
    remove_others(&tree.root, Path::new(""), &keep).map_err(|error| Error::io("clean", &tree.root, &error))?;
    Ok(Ok(tree))
}

fn copy(file: &File, from: &Path, to: &Path) -> io::Result<()> {
    let source = fs::symlink_metadata(from)?;
    let known = fs::symlink_metadata(to).ok();
    if source.is_symlink() {
        let text = fs::read_link(from)?;
        if known.as_ref().is_some_and(fs::Metadata::is_symlink) && fs::read_link(to)? == text {
            return Ok(());
        }
        make_room(to, known.as_ref())?;
        return link(&text, from, to);
    }
    if let Some(known) = &known
        && known.is_file()
        && known.len() == source.len()
        && known.modified()? == source.modified()?
    {
        return Ok(());
    }
    make_room(to, known.as_ref())?;
    if file.kind == FileKind::Unreadable {
        return Ok(());
    }
    // Not `fs::copy`: a copy of a read-only file could not be opened again to set its time.
    let mut copy = fs::File::create_new(to)?;
    io::copy(&mut fs::File::open(from)?, &mut copy)?;
    copy.set_modified(source.modified()?)?;
    copy.set_permissions(source.permissions())
}

/// Removes what is in the way, a read-only file included, and creates the parent.
fn make_room(to: &Path, known: Option<&fs::Metadata>) -> io::Result<()> {
    match known {
        Some(known) if known.is_dir() => fs::remove_dir_all(to),
        Some(_) => fs::remove_file(to),
        None => to.parent().map_or(Ok(()), |parent| {
            // A file may be where a directory is now.
            if parent.symlink_metadata().is_ok_and(|parent| !parent.is_dir()) {
                fs::remove_file(parent)?;
            }
            fs::create_dir_all(parent)
        }),
    }
}

#[cfg(unix)]
fn link(text: &Path, _: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(text, to)
}

/// Making links is a privilege on Windows; what a link to a file shows is copied instead.
#[cfg(not(unix))]
fn link(_: &Path, from: &Path, to: &Path) -> io::Result<()> {
    if from.is_file() {
        fs::copy(from, to).map(drop)
    } else {
        Ok(())
    }
}

fn remove_others(root: &Path, below: &Path, keep: &BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let relative = below.join(entry.file_name());
        let directory = entry.file_type()?.is_dir();
        match (keep.contains(&relative), directory) {
            (true, true) => remove_others(root, &relative, keep)?,
            (true, false) => {}
            (false, true) => fs::remove_dir_all(entry.path())?,
            (false, false) => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

/// The first `path = "…"` of a manifest that leads out of the workspace root, with the manifest it is in.
fn path_outside(workspace: &Workspace) -> Option<(String, String)> {
    workspace.manifests().iter().find_map(|manifest| {
        let directory = Path::new(&manifest.path).parent().unwrap_or(Path::new(""));
        if leaves_root(directory) {
            return Some((manifest.path.clone(), ".".to_owned()));
        }
        let mut paths = Vec::new();
        dependency_paths(&manifest.table, &mut paths);
        let outside = paths.into_iter().find(|path| leaves_root(&directory.join(path)))?;
        Some((manifest.path.clone(), outside.to_owned()))
    })
}

/// Values of `path` in every table of dependencies, wherever cargo allows one: `[dependencies]`, `[target.….dependencies]`,
/// `[workspace.dependencies]`, `[patch.…]`.
fn dependency_paths<'a>(table: &'a toml::Table, found: &mut Vec<&'a str>) {
    for (key, value) in table {
        let Some(table) = value.as_table() else {
            continue;
        };
        if key.ends_with("dependencies") {
            found.extend(table.values().filter_map(|dependency| dependency.get("path")?.as_str()));
        } else if key == "patch" {
            let sources = table.values().filter_map(toml::Value::as_table);
            found.extend(
                sources
                    .flat_map(toml::Table::values)
                    .filter_map(|patch| patch.get("path")?.as_str()),
            );
        } else if matches!(key.as_str(), "workspace" | "target") || table.values().any(toml::Value::is_table) {
            dependency_paths(table, found);
        }
    }
}

/// Whether a path relative to the root leads out of it, by its text alone.
fn leaves_root(path: &Path) -> bool {
    let mut depth = 0_i64;
    for component in path.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::ParentDir => depth -= 1,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return true,
        }
        if depth < 0 {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
