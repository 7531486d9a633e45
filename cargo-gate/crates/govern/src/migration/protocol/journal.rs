//! The journal of a migration: what is intended, written before it is done, and what was done last.
//!
//! It is a keyed record that is written with fsync. The commands that an interrupted attempt needs are in it, because `gate.toml` may be
//! another one by the time that somebody goes on; nobody else can write a record with other commands.

use std::fs;
use std::path::{Path, PathBuf};

use gate_base::error::{Error, Result};
use gate_base::record;
use gate_policy::MigrationPolicy;
use serde::{Deserialize, Serialize};

use super::machine::{Outcome, Step};
use super::reports::Move;

/// Directory below the gate directory with one directory for each migration.
const DIRECTORY: &str = "migrations";
const FILE: &str = "journal";
const VERSION: u32 = 1;

/// An attempt that has not ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Attempt {
    /// What it runs.
    pub(super) policy: MigrationPolicy,
    /// Where it runs it.
    pub(super) root: PathBuf,
    /// The step that is being taken.
    pub(super) intended: Step,
    /// How it ends if nothing else happens.
    pub(super) otherwise: Outcome,
    /// What was done.
    pub(super) made: Move,
}

/// Everything that is kept of a migration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Journal {
    /// What is under way, or needs a person.
    pub(super) open: Option<Attempt>,
    /// The cutover that the history is the result of.
    pub(super) cutover: Option<Move>,
    /// What ended last.
    pub(super) last: Option<Move>,
}

impl Journal {
    /// The journal of a migration, empty if it was never begun.
    ///
    /// # Errors
    /// It cannot be read. Something may be paused then, and nobody knows.
    pub(super) fn read(directory: &Path) -> Result<Self> {
        let journal = record::read_durable(&directory.join(FILE), VERSION).map_err(|error| {
            error.with_help(
                "start again what the migration paused, compare the history with its backup, then remove the file",
            )
        })?;
        Ok(journal.unwrap_or_default())
    }

    pub(super) fn write(&self, directory: &Path) -> Result<()> {
        record::write_durable(&directory.join(FILE), VERSION, self)
    }
}

/// Where the files of a migration are.
pub(super) fn directory(gate_dir: &Path, name: &str) -> PathBuf {
    gate_dir.join(DIRECTORY).join(name)
}

/// The names of all migrations that left something, sorted.
pub(super) fn names(gate_dir: &Path) -> Result<Vec<String>> {
    let path = gate_dir.join(DIRECTORY);
    let entries = match fs::read_dir(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("read", path, &error)),
        Ok(entries) => entries,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| Error::io("read", &path, &error))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// A migration that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenMigration {
    /// Its name.
    pub name: String,
    /// What is open about it, in words.
    pub state: String,
}

/// Every migration of a gate directory that is open, by name: interrupted, paused, unresolved or with a journal that cannot be read.
pub fn open_migrations(gate_dir: &Path) -> Vec<OpenMigration> {
    let names = match names(gate_dir) {
        Ok(names) => names,
        Err(error) => {
            return vec![OpenMigration {
                name: DIRECTORY.to_owned(),
                state: error.message,
            }];
        }
    };
    let open = names.into_iter().filter_map(|name| {
        let state = match Journal::read(&directory(gate_dir, &name)) {
            Ok(journal) => words(&journal.open?).to_owned(),
            Err(_) => "its journal cannot be read".to_owned(),
        };
        Some(OpenMigration { name, state })
    });
    open.collect()
}

/// What is open about an attempt.
pub(super) fn words(attempt: &Attempt) -> &'static str {
    if attempt.made.resumed_at.is_some() {
        return "the history is neither what it was nor what was verified";
    }
    match attempt.intended {
        Step::Preflight | Step::DryRun | Step::Pause => "it was interrupted while it paused the system",
        Step::Cutover => "it was interrupted during the cutover",
        Step::PostVerify => "the history is switched but not verified",
        Step::RollbackIfFailed => "it was interrupted while it went back",
        Step::Resume => "the system has not resumed",
    }
}
