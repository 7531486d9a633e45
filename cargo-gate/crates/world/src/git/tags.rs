//! Every tag, remembered for as long as the files that hold them are the same.
//!
//! In a repository whose references are files (`gitrepository-layout(5)`), which tags there are and what they name stands in
//! `packed-refs` and below `refs/tags`; what an annotated tag stands for never changes, because objects do not. The bytes
//! of those files are compared, so that no clock decides. What is not covered is not remembered: other stores of references
//! (`reftable`), replaced objects, and tags that name other references.
//!
//! After a clone, all of them stand in `packed-refs`, and git need not be asked at all: its header says whether it tells what
//! each annotated tag stands for (`fully-peeled`, `refs/packed-backend.c` of git).

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use gate_base::digest::{Digest, DigestBuilder};

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
        let repository = Repository::of(top);
        if let Some(tags) = repository.as_ref().and_then(packed) {
            return Ok(tags);
        }
        let key = || key(repository.as_ref()?);
        let Some(before) = key() else { return ask() };
        if let Some(known) = gate_base::record::read::<Self>(&gate_dir.join(NAME), VERSION)
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

/// The tags, where all of them are packed, sorted by name.
fn packed(repository: &Repository) -> Option<Vec<Tag>> {
    let common = &repository.common;
    if common.join("reftable").exists() || holds_any(&common.join("refs/replace")) {
        return None;
    }
    // Before the packed ones: git packs a tag before it removes the file.
    let mut loose = Vec::new();
    collect(&common.join("refs/tags"), &mut loose)?;
    if !loose.is_empty() {
        return None;
    }
    tags_of(&std::fs::read_to_string(common.join("packed-refs")).ok()?)
}

/// The tags in a `packed-refs`: lines `<id> <reference>`, below a tag with an annotation a line `^<id>` with what it stands
/// for. `None` where that is left out, and where anything else stands there.
fn tags_of(packed: &str) -> Option<Vec<Tag>> {
    let mut lines = packed.lines();
    let header = lines.next()?.strip_prefix("# pack-refs with:")?;
    if !header.split_whitespace().any(|word| word == "fully-peeled") {
        return None;
    }
    let mut tags: Vec<Tag> = Vec::new();
    let mut is_tag = false;
    for line in lines {
        if let Some(behind) = line.strip_prefix('^') {
            if is_tag {
                tags.last_mut()?.commit = id(behind)?;
            }
            continue;
        }
        let (own, reference) = line.split_once(' ')?;
        if reference.starts_with("refs/replace/") {
            return None;
        }
        let name = reference.strip_prefix("refs/tags/");
        is_tag = name.is_some();
        if let Some(name) = name {
            tags.push(Tag {
                name: name.to_owned(),
                commit: id(own)?,
            });
        }
    }
    tags.sort();
    Some(tags)
}

/// An object id: 40 or 64 hexadecimal digits.
fn id(text: &str) -> Option<String> {
    let whole = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    whole.then(|| text.to_owned())
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
