//! What symbolic links lead to. The text of a link alone does not tell when what it shows changes.

use std::fs;
use std::path::{Path, PathBuf};

use gate_base::digest::{Digest, DigestBuilder};
use gate_base::paths;

use super::files::{File, FileKind, FileList};

/// A directory with more entries than this is not read: then evidence over the link is not reused.
const MOST_ENTRIES: usize = 10_000;

/// Adds to the digest of every link what it leads to, unless that is among the files itself. Returns the tracked links that
/// lead to something outside `top`.
pub(crate) fn follow(root: &Path, top: &Path, files: &mut FileList) -> Vec<String> {
    let links: Vec<(String, PathBuf, bool)> = files
        .iter()
        .filter(|file| file.kind == FileKind::Symlink)
        .map(|file| (file.path.clone(), root.join(&file.native), file.tracked))
        .collect();
    let mut leaving = Vec::new();
    if links.is_empty() {
        return leaving;
    }
    let real_top = fs::canonicalize(top).unwrap_or_else(|_| top.to_owned());
    let real_root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    for (path, link, tracked) in links {
        let Ok(target) = fs::canonicalize(&link) else { continue };
        if tracked && !target.starts_with(&real_top) {
            leaving.push(path.clone());
        }
        if is_listed(files, &real_root, &target) {
            continue;
        }
        let through = digest(&target);
        files.update(&path, |file: &mut File| match (through, file.digest) {
            (Some(through), Some(text)) => {
                let mut both = DigestBuilder::new("link");
                file.digest = Some(both.digest(&text).digest(&through).finish());
            }
            _ => {
                file.kind = FileKind::Unreadable;
                file.digest = None;
            }
        });
    }
    leaving
}

/// Whether changes to what a link leads to show in the files that are listed.
fn is_listed(files: &FileList, root: &Path, target: &Path) -> bool {
    let Ok(below) = target.strip_prefix(root) else {
        return false;
    };
    let spelled = paths::spell(below);
    spelled.is_empty()
        || files.get(&spelled).is_some_and(|file| file.kind == FileKind::Regular)
        || files.starting_with(&format!("{spelled}/")).next().is_some()
}

/// Digest over the names and contents of everything in a place; `None` where that is too much or cannot be read.
fn digest(target: &Path) -> Option<Digest> {
    let mut builder = DigestBuilder::new("behind a link");
    let mut pending = vec![target.to_owned()];
    let mut seen = 0;
    while let Some(path) = pending.pop() {
        seen += 1;
        let meta = fs::symlink_metadata(&path).ok()?;
        builder.part(path.as_os_str().as_encoded_bytes());
        if seen > MOST_ENTRIES {
            return None;
        } else if meta.is_dir() {
            let entries = fs::read_dir(&path).ok()?;
            let mut below: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            below.sort();
            pending.extend(below);
        } else if meta.is_symlink() {
            builder.part(fs::read_link(&path).ok()?.as_os_str().as_encoded_bytes());
        } else if meta.is_file() {
            builder.part(&fs::read(&path).ok()?);
        }
    }
    Some(builder.finish())
}
