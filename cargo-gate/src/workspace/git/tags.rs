//! Every tag, remembered for as long as the files that hold them are the same.
//!
//! In a repository whose references are files (`gitrepository-layout(5)`), which tags there are and what they name stands in
//! `packed-refs` and below `refs/tags`; what an annotated tag stands for never changes, because objects do not. The bytes
//! of those files are compared, so that no clock decides. What is not covered is not remembered: other stores of references
//! (`reftable`), replaced objects, and tags that name other references.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, DigestBuilder};

use super::super::cache;
use super::history::Tag;
use super::repository::Repository;

const NAME: &str = "tags";
const VERSION: u32 = 1;

/// The answer of git with what it depends on.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KnownTags {
    /// Where the repository keeps them, and what stands there.
    key: Digest,
    /// The answer.
    tags: Vec<Tag>,
}

impl KnownTags {
    /// The remembered answer, or the one that `ask` gives, which is then remembered.
    pub(super) fn read(
        top: &Path,
        gate_dir: &Path,
        ask: impl FnOnce() -> Result<Vec<Tag>, String>,
    ) -> Result<Vec<Tag>, String> {
        let key = || key(&Repository::of(top)?);
        let Some(before) = key() else { return ask() };
        if let Some(known) = cache::read::<Self>(&gate_dir.join(NAME), VERSION)
            && known.key == before
        {
            return Ok(known.tags);
        }
        let tags = ask()?;
        // A tag that came while git was asked may be in the answer or not.
        if key() == Some(before) {
            let known = Self { key: before, tags };
            // The answer is the same without the record.
            let _ = cache::write(gate_dir, NAME, VERSION, &known);
            return Ok(known.tags);
        }
        Ok(tags)
    }
}

/// Everything that decides which tags there are; `None` where files do not tell.
fn key(repository: &Repository) -> Option<Digest> {
    let common = &repository.common;
    if common.join("reftable").exists() || holds_any(&common.join("refs/replace")) {
        return None;
    }
    let mut key = DigestBuilder::new("git tags");
    key.part(common.as_os_str().as_encoded_bytes());
    match std::fs::read(common.join("packed-refs")) {
        Ok(packed) if memchr::memmem::find(&packed, b" refs/replace/").is_some() => return None,
        Ok(packed) => key.part(&packed),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => key.part(b""),
        Err(_) => return None,
    };
    let mut loose = Vec::new();
    collect(&common.join("refs/tags"), &mut loose)?;
    loose.sort();
    for (path, contents) in loose {
        key.part(path.as_os_str().as_encoded_bytes()).part(&contents);
    }
    Some(key.finish())
}

fn holds_any(directory: &Path) -> bool {
    std::fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some())
}

/// Files below a directory with their contents. A lock that git holds on one is a file as any other.
fn collect(directory: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) -> Option<()> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Some(()),
        Err(_) => return None,
    };
    for entry in entries {
        let entry = entry.ok()?;
        let kind = entry.file_type().ok()?;
        if kind.is_dir() {
            collect(&entry.path(), files)?;
            continue;
        }
        if !kind.is_file() {
            return None;
        }
        let contents = std::fs::read(entry.path()).ok()?;
        if contents.starts_with(b"ref:") {
            return None;
        }
        files.push((entry.path(), contents));
    }
    Some(())
}

#[cfg(test)]
mod tests;
