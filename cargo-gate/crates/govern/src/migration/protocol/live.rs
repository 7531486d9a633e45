//! The steps on a real history.

use std::path::{Path, PathBuf};

use gate_base::atomic;
use gate_base::error::{Error, Result};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::commands::Commands;
use super::history::Reading;
use super::home::{Ends, Home};
use super::journal::{Attempt, Journal};
use super::machine::{End, Outcome, Reason, Standing, Step, System};
use super::rehearsal::{Rehearsal, Scratch};
use super::reports::{Direction, DryRun, Move, Problem, Refused, VERSION};

/// File of the artifact of a dry run.
pub(super) const DRY_RUN: &str = "dry-run.json";
/// File of the record of a cutover or a rollback.
const CUTOVER: &str = "cutover.json";

/// The steps on a real history.
#[derive(Debug)]
pub(super) struct Live<'a> {
    commands: &'a Commands<'a>,
    /// The same commands, which an interruption does not end: what was begun is finished.
    firm: &'a Commands<'a>,
    directory: PathBuf,
    pub(super) journal: Journal,
    pub(super) scratch: Scratch,
    made: Move,
    history: Result<Reading, Reason>,
    dry_run: Option<DryRun>,
}

impl<'a> Live<'a> {
    pub(super) fn new(
        commands: &'a Commands<'a>,
        firm: &'a Commands<'a>,
        directory: PathBuf,
        journal: Journal,
        direction: Direction,
    ) -> Self {
        let (from, to) = direction.versions(commands.policy);
        let fresh = Move {
            version: VERSION,
            migration_id: commands.policy.id(),
            direction,
            from,
            to,
            outcome: None,
            paused_at: None,
            verified_at: None,
            switched_at: None,
            resumed_at: None,
            before: None,
            after: None,
            kept: None,
            recovered: false,
            problems: Vec::new(),
        };
        let open = journal.open.as_ref().map(|open| Move {
            recovered: true,
            ..open.made.clone()
        });
        Self {
            commands,
            firm,
            scratch: Scratch::below(&directory),
            directory,
            made: open.unwrap_or(fresh),
            journal,
            history: Err("it was not read".to_owned()),
            dry_run: None,
        }
    }

    fn rehearsal(&self) -> Rehearsal<'_> {
        let cutover = self.journal.cutover.as_ref();
        let back = self.made.direction == Direction::Back;
        let ours = cutover.filter(|cutover| cutover.migration_id == self.made.migration_id);
        Rehearsal {
            commands: self.commands,
            scratch: &self.scratch,
            direction: self.made.direction,
            original: ours.filter(|_| back).and_then(|cutover| cutover.before.as_ref()),
            recorded: cutover.map(|cutover| cutover.to),
        }
    }

    fn read(&mut self) {
        let home = Home::of(self.commands);
        self.history = home.and_then(|home| self.rehearsal().read(&home));
    }

    fn ends(&self) -> Option<Ends<'_>> {
        Some(Ends {
            direction: self.made.direction,
            before: self.made.before.as_ref()?,
            after: self.made.after.as_ref()?,
        })
    }

    /// The home and both histories, for what is finished whatever happens.
    fn known(&self) -> Result<(Home<'_>, Ends<'_>), Reason> {
        let ends = self.ends().ok_or("no history was read")?;
        Ok((Home::of(self.firm)?, ends))
    }

    /// Writes the artifact of the dry run.
    pub(super) fn artifact(&self) -> Result<DryRun> {
        let checked = || self.rehearsal().checked(&self.history);
        let run = self.dry_run.clone().unwrap_or_else(checked);
        write_json(&self.directory.join(DRY_RUN), &run)?;
        Ok(run)
    }

    /// Writes what came of it, where something was begun.
    pub(super) fn ended(&self, end: Option<End>) -> Result<std::result::Result<Move, Box<Refused>>> {
        let dry_run = self.artifact()?;
        match end {
            Some(_) => self.recorded().map(Ok),
            None => Ok(Err(Box::new(Refused {
                dry_run,
                problems: self.made.problems.clone(),
            }))),
        }
    }

    /// Writes the record of what was done.
    pub(super) fn recorded(&self) -> Result<Move> {
        write_json(&self.directory.join(CUTOVER), &self.made)?;
        self.scratch.clear();
        Ok(self.made.clone())
    }

    /// How an unresolved attempt ended, where a person has made the history whole again: it begins with what it was, or with what was
    /// verified and what came since replays.
    pub(super) fn settled(&self) -> Option<Outcome> {
        let (home, ends) = self.known().ok()?;
        match home.whole(ends, &self.scratch.other)? {
            Standing::Before => Some(Outcome::RolledBack),
            _ => {
                let (_, target) = ends.direction.versions(self.commands.policy);
                self.commands.policy.replay.as_ref()?;
                let replayed = self.rehearsal().state(&self.scratch.other, target);
                replayed.is_ok().then_some(Outcome::Completed)
            }
        }
    }

    fn attempt(&self, intended: Step, otherwise: Outcome) -> Attempt {
        Attempt {
            policy: self.commands.policy.clone(),
            root: self.commands.root.to_owned(),
            intended,
            otherwise,
            made: self.made.clone(),
        }
    }
}

fn now() -> Option<String> {
    Some(Timestamp::now().to_string())
}

/// Writes a document without the secrets that commands may have said.
fn write_json<T: Serialize + DeserializeOwned>(path: &Path, value: &T) -> Result<()> {
    let masked = gate_report::masked(value);
    let mut text = serde_json::to_vec_pretty(masked.as_ref().unwrap_or(value))
        .map_err(|error| Error::tool(format!("cannot write JSON: {error}")))?;
    text.push(b'\n');
    atomic::write(path, &text)
}

fn reason(error: Error) -> Reason {
    error.message
}

impl System for Live<'_> {
    fn preflight(&mut self) -> Result<(), Reason> {
        self.read();
        let run = self.rehearsal().checked(&self.history);
        let problem = run.preflight.problem();
        self.dry_run = Some(run);
        problem.map_or(Ok(()), Err)
    }

    fn dry_run(&mut self) -> Result<(), Reason> {
        let Some(checked) = self.dry_run.take() else {
            return Err("there was no preflight".to_owned());
        };
        let run = self.rehearsal().judged(&self.history, checked);
        let problem = run.problem();
        self.dry_run = Some(run);
        problem.map_or(Ok(()), Err)
    }

    fn intend(&mut self, step: Step, otherwise: Outcome) -> Result<(), Reason> {
        self.journal.open = Some(self.attempt(step, otherwise));
        self.journal.write(&self.directory).map_err(reason)
    }

    fn pause(&mut self) -> Result<(), Reason> {
        self.commands.call("pause", self.commands.policy.pause.as_ref())?;
        self.made.paused_at = now();
        Ok(())
    }

    fn prepare(&mut self) -> Result<(), Reason> {
        self.read();
        let before = match &self.history {
            Ok(reading) => reading.content.clone(),
            Err(reason) => return Err(reason.clone()),
        };
        let checked = self.rehearsal().checked(&self.history);
        let run = self.rehearsal().judged(&self.history, checked);
        let after = run.migrated_sha256.clone().map(|sha256| super::history::Content {
            events: run.migrated_events,
            sha256,
        });
        if let Some(problem) = run.problem() {
            return Err(problem);
        }
        self.made.verified_at = now();
        self.made.before = Some(before.clone());
        self.made.after = after;
        let home = Home::of(self.commands)?;
        home.stage(&self.scratch.after)?;
        let again = home.read(&self.scratch.other, &[])?;
        if again.content != before {
            return Err(
                "the history changed while the system was paused: `pause` does not stop all writers".to_owned(),
            );
        }
        if self.commands.cancel.requested() {
            return Err("interrupted before the switch".to_owned());
        }
        let kept = self.ends().and_then(|ends| home.kept(ends));
        self.made.kept = kept.map(|path| match path.strip_prefix(self.commands.root) {
            Ok(below) => below.to_string_lossy().replace('\\', "/"),
            Err(_) => path.to_string_lossy().into_owned(),
        });
        Ok(())
    }

    fn switch(&mut self) -> Result<(), Reason> {
        let (home, ends) = self.known()?;
        home.switch(ends, &self.scratch.after)?;
        self.made.switched_at = now();
        Ok(())
    }

    fn standing(&mut self) -> Standing {
        match self.known() {
            Ok((home, ends)) => home.standing(ends, &self.scratch.other),
            Err(reason) => Standing::Neither(reason),
        }
    }

    fn restore(&mut self) -> Result<(), Reason> {
        let (home, ends) = self.known()?;
        home.restore(ends, &self.scratch.before, &self.scratch.other)
    }

    fn resume(&mut self) -> Result<(), Reason> {
        self.firm.call("resume", self.firm.policy.resume.as_ref())?;
        self.made.resumed_at = now();
        Ok(())
    }

    fn close(&mut self, outcome: Outcome, resumed: bool) -> Result<(), Reason> {
        self.made.outcome = Some(outcome);
        if let Ok(home) = Home::of(self.firm) {
            home.clean(self.ends().filter(|_| outcome == Outcome::NotSwitched));
        }
        if outcome == Outcome::NotSwitched || outcome == Outcome::RolledBack {
            self.made.kept = None;
        }
        let closed = resumed && outcome != Outcome::Unresolved;
        self.journal.open = (!closed).then(|| self.attempt(Step::Resume, outcome));
        if closed {
            self.journal.last = Some(self.made.clone());
        }
        if closed && outcome == Outcome::Completed {
            self.journal.cutover = match self.made.direction {
                Direction::Forward => Some(self.made.clone()),
                Direction::Back => None,
            };
        }
        self.journal.write(&self.directory).map_err(reason)
    }

    fn failed(&mut self, step: Step, reason: Reason) {
        self.made.problems.push(Problem { step, reason });
    }
}
