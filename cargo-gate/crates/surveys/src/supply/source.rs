//! Databases on disk: the state of their files by the digest index, and what was read before by that state.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rayon::prelude::*;

use gate_base::digest::{Digest, DigestBuilder};
use gate_base::paths;
use gate_report::Reason;
use gate_world::blob::Blob;
use gate_world::cache;
use gate_world::index::{Entry as Known, Index, Stamp};

use super::archive::{self, MAX_ARCHIVE, MAX_FILE};
use super::contents::{Contents, Entry, Skipped};
use super::database::Database;
use super::locate::Place;
use super::snapshot;

/// Raised when the stored form of a database, or what is read out of its files, changes.
const VERSION: u32 = 3;

/// State of the files of one place.
#[derive(Debug, Clone)]
pub(super) struct OneStamp {
    /// Digest over its files, or why there is none.
    state: Result<Digest, Trouble>,
    shape: Shape,
}

#[derive(Debug, Clone)]
enum Trouble {
    Missing,
    Unreadable(String),
}

#[derive(Debug, Clone)]
enum Shape {
    Archive,
    /// Files of a directory: path from its top, sorted.
    Directory(Vec<String>),
}

/// States of all places.
#[derive(Debug)]
pub(super) struct Stamps(Vec<OneStamp>);

impl Stamps {
    /// Looks at every place; only what the index below `directory` does not know is read.
    pub(super) fn take(places: &[Place], directory: &Path) -> Self {
        if places.is_empty() {
            return Self(Vec::new());
        }
        let scan = SystemTime::now();
        let index = Index::load(directory);
        let mut known = Vec::new();
        let mut read = false;
        let mut stamps = Vec::new();
        for place in places {
            let (stamp, entries, anew) = stamp(&place.path, &index);
            known.extend(entries);
            read |= anew;
            stamps.push(stamp);
        }
        if read || known.len() != index.count() {
            // Best effort: without the index the next run reads everything again.
            let _ = Index::store(directory, known, scan);
        }
        Self(stamps)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &OneStamp> {
        self.0.iter()
    }

    /// Digest over all places; `None` when one cannot be read. A place where there is nothing has a state.
    pub(super) fn state(&self) -> Option<Digest> {
        let mut digest = DigestBuilder::new("advisory database states");
        for stamp in &self.0 {
            match &stamp.state {
                Ok(state) => digest.digest(state),
                Err(Trouble::Missing) => digest.part(b"missing"),
                Err(Trouble::Unreadable(_)) => return None,
            };
        }
        Some(digest.finish())
    }
}

fn stamp(path: &Path, index: &Index) -> (OneStamp, Vec<Known>, bool) {
    let failed = |error: &io::Error| {
        let trouble = match error.kind() {
            io::ErrorKind::NotFound => Trouble::Missing,
            _ => Trouble::Unreadable(error.to_string()),
        };
        let stamp = OneStamp {
            state: Err(trouble),
            shape: Shape::Archive,
        };
        (stamp, Vec::new(), false)
    };
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) => return failed(&error),
    };
    if !meta.is_dir() {
        return match look(path, index, MAX_ARCHIVE) {
            Ok((known, read)) => {
                let stamp = OneStamp {
                    state: Ok(known.digest),
                    shape: Shape::Archive,
                };
                (stamp, vec![known], read)
            }
            Err(error) => failed(&error),
        };
    }
    let files = match list(path) {
        Ok(files) => files,
        Err(error) => return failed(&error),
    };
    let looked: io::Result<Vec<(Known, bool)>> = files
        .par_iter()
        .with_min_len(64)
        .map(|file| look(&path.join(file), index, MAX_FILE))
        .collect();
    match looked {
        Err(error) => failed(&error),
        Ok(looked) => {
            let read = looked.iter().any(|(_, read)| *read);
            let known: Vec<Known> = looked.into_iter().map(|(known, _)| known).collect();
            let state = state_of(
                files
                    .iter()
                    .map(String::as_str)
                    .zip(known.iter().map(|known| known.digest)),
            );
            let stamp = OneStamp {
                state: Ok(state),
                shape: Shape::Directory(files),
            };
            (stamp, known, read)
        }
    }
}

fn state_of<'a>(files: impl Iterator<Item = (&'a str, Digest)>) -> Digest {
    let mut digest = DigestBuilder::new("advisory database directory");
    for (path, file) in files {
        digest.part(path.as_bytes()).digest(&file);
    }
    digest.finish()
}

/// The index entry of a file, and whether the file had to be read.
fn look(path: &Path, index: &Index, limit: u64) -> io::Result<(Known, bool)> {
    let stamp = Stamp::of(&fs::metadata(path)?);
    let key = paths::spell(path);
    if let Some(digest) = index.lookup(&key, &stamp) {
        return Ok((
            Known {
                path: key,
                stamp,
                digest,
                blob: Blob::default(),
            },
            false,
        ));
    }
    let digest = Digest::of(&read(path, limit)?);
    Ok((
        Known {
            path: key,
            stamp,
            digest,
            blob: Blob::default(),
        },
        true,
    ))
}

/// The first bytes of a file, one more than `limit` at most.
pub(super) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Advisories below the top of a database, sorted. Links are not followed: a database is plain files.
fn list(top: &Path) -> io::Result<Vec<String>> {
    let mut packages = Vec::new();
    for collection in ["crates", "rust"] {
        let directory = top.join(collection);
        if !directory.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            if entry.file_type()?.is_dir()
                && let Ok(name) = entry.file_name().into_string()
            {
                packages.push(format!("{collection}/{name}"));
            }
        }
    }
    let listed: io::Result<Vec<Vec<String>>> = packages
        .par_iter()
        .with_min_len(64)
        .map(|package| {
            let mut files = Vec::new();
            for entry in fs::read_dir(top.join(package))? {
                let entry = entry?;
                let name = entry.file_name();
                if let Some(name) = name.to_str()
                    && name.ends_with(".md")
                    && entry.file_type()?.is_file()
                {
                    files.push(format!("{package}/{name}"));
                }
            }
            Ok(files)
        })
        .collect();
    let mut files: Vec<String> = listed?.into_iter().flatten().collect();
    files.sort();
    Ok(files)
}

/// What the database at a place says, from the cache below `directory` where its state is known.
pub(super) fn load(place: &Place, stamp: &OneStamp, directory: &Path) -> Result<Database, Reason> {
    let shown = &place.shown;
    let state = match &stamp.state {
        Ok(state) => *state,
        Err(Trouble::Missing) => {
            return Err(Reason::new("advisory_db_missing", format!("no advisory database at `{shown}`")).help(FETCH));
        }
        Err(Trouble::Unreadable(error)) => return Err(unreadable(shown, error)),
    };
    let name = cache_name(&state);
    if let Some(database) = gate_base::record::read::<Database>(&directory.join(&name), VERSION) {
        return Ok(database);
    }
    let (contents, found) = match &stamp.shape {
        Shape::Archive => {
            let bytes = read(&place.path, MAX_ARCHIVE).map_err(|error| unreadable(shown, &error.to_string()))?;
            if bytes.len() as u64 > MAX_ARCHIVE {
                let why = format!("it is larger than {} MiB", MAX_ARCHIVE >> 20);
                return Err(unreadable(shown, &why));
            }
            if snapshot::is_snapshot(&bytes) {
                return unchanged(shown, state, Digest::of(&bytes))
                    .and_then(|()| snapshot::read(&bytes).map_err(|why| unreadable(shown, &why)));
            }
            let contents = archive::read(&bytes).map_err(|why| unreadable(shown, &why))?;
            (contents, Digest::of(&bytes))
        }
        Shape::Directory(files) => {
            directory_contents(&place.path, files).map_err(|error| unreadable(shown, &error.to_string()))?
        }
    };
    unchanged(shown, state, found)?;
    let database = Database::build(contents);
    // Best effort: without it the next run parses the files again.
    let _ = cache::write(directory, &name, VERSION, &database);
    Ok(database)
}

/// The bytes of the snapshot at a place, in the state that was looked at.
pub(super) fn packed(place: &Place, stamp: &OneStamp) -> Result<Vec<u8>, Reason> {
    let failed = |error: &dyn std::fmt::Display| unreadable(&place.shown, &error.to_string());
    let bytes = read(&place.path, MAX_ARCHIVE).map_err(|error| failed(&error))?;
    match &stamp.state {
        Ok(state) => unchanged(&place.shown, *state, Digest::of(&bytes)).map(|()| bytes),
        Err(Trouble::Missing) => Err(failed(&"it was made meanwhile")),
        Err(Trouble::Unreadable(error)) => Err(failed(error)),
    }
}

fn unchanged(shown: &str, state: Digest, found: Digest) -> Result<(), Reason> {
    if found == state {
        return Ok(());
    }
    Err(Reason::new(
        "changed_while_running",
        format!("the advisory database at `{shown}` changed while it was read"),
    )
    .help("run it again once the database is complete"))
}

const FETCH: &str = "remove the setting to use the newest database of this machine or the built-in one, or fetch one there: `git \
     clone --depth 1 https://github.com/RustSec/advisory-db`";

pub(super) fn unreadable(shown: &str, why: &str) -> Reason {
    Reason::new(
        "advisory_db_unreadable",
        format!("cannot read the advisory database at `{shown}`: {why}"),
    )
    .help("fetch it again: `git clone --depth 1 https://github.com/RustSec/advisory-db`")
}

fn directory_contents(top: &Path, files: &[String]) -> io::Result<(Contents, Digest)> {
    let entries: io::Result<Vec<(Entry, Digest)>> = files
        .par_iter()
        .map(|path| {
            let bytes = read(&top.join(path), MAX_FILE)?;
            let digest = Digest::of(&bytes);
            Ok((
                Entry {
                    path: path.clone(),
                    bytes,
                },
                digest,
            ))
        })
        .collect();
    let (entries, digests): (Vec<_>, Vec<_>) = entries?.into_iter().unzip();
    let state = state_of(files.iter().map(String::as_str).zip(digests));
    let mut contents = Contents::default();
    for entry in entries {
        if entry.bytes.len() as u64 > MAX_FILE {
            contents.skipped.push(Skipped::new(&entry.path, archive::too_large()));
        } else {
            contents.entries.push(entry);
        }
    }
    Ok((contents, state))
}

fn cache_name(state: &Digest) -> String {
    format!("db-{}", state.short())
}

/// Removes what is kept of databases in other states.
pub(super) fn forget_others(stamps: &Stamps, directory: &Path) {
    let kept: Vec<String> = stamps
        .iter()
        .filter_map(|stamp| stamp.state.as_ref().ok())
        .map(cache_name)
        .collect();
    let others = fs::read_dir(directory).into_iter().flatten().filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        (name.starts_with("db-") && !kept.contains(&name)).then_some(name)
    });
    let others: Vec<PathBuf> = others.map(|name| directory.join(name)).collect();
    for other in others {
        let _ = fs::remove_file(other);
    }
}
