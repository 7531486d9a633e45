//! A declared migration, and what can be done with it.

use std::fs;
use std::path::Path;

use gate_base::error::{Error, Result};
use gate_base::process::cancel::Cancel;
use gate_policy::MigrationPolicy;

use super::commands::Commands;
use super::journal::{Journal, directory, words};
use super::live::{DRY_RUN, Live};
use super::machine;
use super::reports::{Direction, DryRun, Move, Refused};

/// A declared migration.
#[derive(Debug, Clone, Copy)]
pub struct Migration<'a> {
    /// Its declaration.
    pub policy: &'a MigrationPolicy,
    /// The workspace root, in which commands run.
    pub root: &'a Path,
    /// The gate directory, whose lock is held.
    pub gate_dir: &'a Path,
    /// Ends it early, until it has switched something.
    pub cancel: &'a Cancel,
}

impl Migration<'_> {
    /// Rehearses a migration. Writes the artifact and nothing else.
    ///
    /// # Errors
    /// The records of this migration cannot be read, or the artifact cannot be written.
    pub fn dry_run(&self) -> Result<DryRun> {
        self.with_live(Direction::Forward, |live| {
            // What failed is in the artifact.
            if let Some(checked) = machine::begin(live).preflight() {
                let _ = checked.dry_run();
            }
            live.artifact()
        })
    }

    /// Moves the history, by all steps. `begins` is called before anything is paused; what it returns is dropped when all is done.
    ///
    /// # Errors
    /// The records of this migration cannot be read or written.
    pub fn carry_out<G>(
        &self,
        direction: Direction,
        begins: impl FnOnce() -> G,
    ) -> Result<std::result::Result<Move, Box<Refused>>> {
        self.with_live(direction, |live| {
            let _guard = begins();
            let end = machine::carry_out(live);
            live.ended(end)
        })
    }

    /// What was done last with the history: a dry run, and a cutover or a rollback.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn last(&self) -> Result<(Option<DryRun>, Option<Move>)> {
        let directory = directory(self.gate_dir, &self.policy.name);
        let journal = Journal::read(&directory)?;
        let dry_run = fs::read(directory.join(DRY_RUN)).ok();
        Ok((
            dry_run.and_then(|bytes| serde_json::from_slice(&bytes).ok()),
            journal.open.map(|open| open.made).or(journal.last),
        ))
    }

    fn with_live<T>(&self, direction: Direction, act: impl FnOnce(&mut Live<'_>) -> Result<T>) -> Result<T> {
        let directory = directory(self.gate_dir, &self.policy.name);
        let journal = Journal::read(&directory)?;
        if let Some(open) = &journal.open {
            let message = format!("the migration `{}` is open: {}", self.policy.name, words(open));
            let help = format!("`cargo gate release migrate status {}`", self.policy.name);
            return Err(Error::tool(message).with_help(help));
        }
        fs::create_dir_all(&directory).map_err(|error| Error::io("create", &directory, &error))?;
        let commands = Commands {
            policy: self.policy,
            root: self.root,
            cancel: self.cancel,
        };
        let never = Cancel::default();
        let firm = Commands {
            cancel: &never,
            ..commands
        };
        let mut live = Live::new(&commands, &firm, directory, journal, direction);
        let result = act(&mut live);
        live.scratch.clear();
        result
    }
}
