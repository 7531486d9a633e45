//! What a killed process left is finished, before anything else is done.

use std::path::Path;

use gate_base::error::{Error, Result};
use gate_base::process::cancel::Cancel;

use super::commands::Commands;
use super::journal::{Journal, directory, names};
use super::live::Live;
use super::machine::{Outcome, Step, System, go_on};
use super::reports::{Direction, Move};

/// Finishes every migration of a gate directory that was interrupted, with the commands that it began with. The lock of the directory is
/// held. Returns what was finished, by name.
///
/// # Errors
/// A journal cannot be read or written.
pub fn recover(gate_dir: &Path) -> Result<Vec<(String, Move)>> {
    let mut finished = Vec::new();
    for name in names(gate_dir)? {
        let directory = directory(gate_dir, &name);
        let journal = Journal::read(&directory)?;
        let Some(open) = journal.open.clone() else {
            continue;
        };
        let never = Cancel::default();
        let commands = Commands {
            policy: &open.policy,
            root: &open.root,
            cancel: &never,
        };
        let mut live = Live::new(&commands, &commands, directory, journal, Direction::Forward);
        let waits = open.intended == Step::Resume && open.otherwise == Outcome::Unresolved;
        if waits && open.made.resumed_at.is_some() {
            // The system runs. It stays open until its history is whole again.
            let Some(outcome) = live.settled() else {
                continue;
            };
            if let Err(reason) = live.close(outcome, true) {
                return Err(Error::tool(reason));
            }
        } else {
            // What fails again is in the record, and stays open.
            let _ = go_on(&mut live, open.intended, open.otherwise);
        }
        finished.push((name, live.recorded()?));
    }
    Ok(finished)
}
