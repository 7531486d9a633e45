//! A database out of the repository that holds it.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use gate_base::error::{Error, Result};
use gate_base::process::cancel::Cancel;
use gate_world::environment::Environment;
use gate_world::git::{Bare, StoredFile};

use super::archive::{MAX_FILE, too_large};
use super::contents::{Contents, Entry, Skipped};
use super::database::{Commit, Database};

/// The database in the commit that is checked out in a repository, with a work tree or without one. Only git is asked; the
/// work tree is not read.
///
/// # Errors
/// git is missing, or what it says.
pub fn of_repository(environment: &Environment, directory: &Path) -> Result<Database> {
    read(&Bare::at(environment, directory)?)
}

/// The database in the newest commit of a repository elsewhere, fetched into an empty directory. `offline` allows only
/// directories of this machine.
///
/// # Errors
/// git is missing, or what it says; the fetch was interrupted.
pub fn fetched(
    environment: &Environment,
    directory: &Path,
    (url, offline): (&str, bool),
    cancel: &Cancel,
) -> Result<Database> {
    read(&Bare::fetch(environment, directory, (url, offline), cancel)?)
}

fn read(repository: &Bare) -> Result<Database> {
    let failed = |why: String| Error::tool(format!("cannot read the advisory database: {why}"));
    let head = repository.head().map_err(failed)?;
    let files = repository.files(&head, &["crates", "rust"]).map_err(failed)?;
    let is_advisory = |file: &StoredFile| file.path.split('/').count() == 3 && file.path.ends_with(".md");
    let (small, large): (Vec<_>, Vec<_>) = files
        .into_iter()
        .filter(is_advisory)
        .partition(|file| file.size <= MAX_FILE);
    let bytes = repository.contents(&small).map_err(failed)?;
    let entries = small.into_iter().zip(bytes);
    let contents = Contents {
        entries: entries.map(|(file, bytes)| Entry { path: file.path, bytes }).collect(),
        skipped: large.iter().map(|file| Skipped::new(&file.path, too_large())).collect(),
    };
    let day = Timestamp::from_second(head.seconds).map_err(|_| failed(format!("commit {} has no date", head.id)))?;
    Ok(Database {
        commit: Some(Commit {
            id: head.id,
            date: day.to_zoned(TimeZone::UTC).date(),
        }),
        ..Database::build(contents)
    })
}
