//! A copy of the workspace for suites where there is no lockfile that could be kept: cargo would create one in the
//! tree, and a gate run leaves the tree as it is. The copy keeps the generated lockfile, so that results repeat.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use gate_base::digest::Digest;
use gate_base::error::{Error, Result};
use gate_report::Reason;
use gate_world::Workspace;
use gate_world::cargo::Resolution;
use gate_world::files::{File, FileKind};

use super::reach::{Reach, reach};

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

/// Where commands of the workspace build: in the copy, where there is one.
///
/// # Errors
/// As [`prepare`].
pub(super) fn target(workspace: &Workspace) -> Result<Result<PathBuf, Reason>> {
    if !needed(workspace) {
        return Ok(Ok(workspace.target_dir().to_owned()));
    }
    Ok(prepare(workspace)?.map(|tree| tree.target))
}

/// Brings the copy up to date: writes what differs, removes what is gone, keeps modification times, so that cargo
/// builds again only what changed.
///
/// # Errors
/// I/O errors. The inner reason says why a copy would not be the workspace.
pub(super) fn prepare(workspace: &Workspace) -> Result<Result<Tree, Reason>> {
    // Files of the whole repository where a path dependency lies beside the workspace; the workspace is then as far
    // below the copy as it is below the top.
    let around;
    let (from_root, files, below) = match reach(workspace) {
        Reach::Root => (workspace.root(), workspace.files(), PathBuf::new()),
        Reach::Repository(top) => {
            around = (workspace.files_around(&top)?, top);
            let below = workspace.root().strip_prefix(&around.1).unwrap_or(Path::new(""));
            (around.1.as_path(), &around.0, below.to_owned())
        }
        Reach::Elsewhere { manifest, path } => {
            let reason = Reason::new(
                "no_lockfile",
                format!(
                    "there is no lockfile, and the workspace copy that would get one cannot contain `{path}` of \
                     {manifest}"
                ),
            );
            return Ok(Err(reason.help("`cargo generate-lockfile`")));
        }
    };
    let gate = workspace.gate_dir();
    let tree = gate.join("tree");
    fs::create_dir_all(&tree).map_err(|error| Error::io("create", &tree, &error))?;
    let lockfile = below.join("Cargo.lock");
    let mut keep: BTreeSet<PathBuf> = lockfile.ancestors().map(Path::to_owned).collect();
    for file in files.iter() {
        if matches!(file.kind, FileKind::Missing | FileKind::Submodule) || file.native == lockfile {
            continue;
        }
        let (from, to) = (from_root.join(&file.native), tree.join(&file.native));
        copy(file, &from, &to).map_err(|error| Error::io("copy", &from, &error))?;
        keep.extend(file.native.ancestors().map(Path::to_owned));
    }
    remove_others(&tree, Path::new(""), &keep).map_err(|error| Error::io("clean", &tree, &error))?;
    Ok(Ok(Tree {
        root: tree.join(below),
        target: gate.join("tree-target"),
    }))
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
        && file.digest == Some(Digest::of(&fs::read(to)?))
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

#[cfg(test)]
mod tests;
