//! What is found out about a migration before anything is written: its preflight, and the migrated history with all that is judged of it.

use std::path::{Path, PathBuf};

use gate_base::digest::Sha256;
use gate_base::process;
use gate_report::render::text::count;

use super::commands::Commands;
use super::drift::{Drift, drift};
use super::history::{Content, Reading, kept};
use super::home::Home;
use super::machine::Reason;
use super::reports::{Direction, DryRun, Preflight, VERSION, Verdict};

/// The files in which histories are while they are judged.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) before: PathBuf,
    pub(super) after: PathBuf,
    pub(super) other: PathBuf,
}

impl Scratch {
    pub(super) fn below(directory: &Path) -> Self {
        let file = |name: &str| directory.join(name);
        Self {
            before: file("before.ndjson"),
            after: file("after.ndjson"),
            other: file("other.ndjson"),
        }
    }

    /// Removes them.
    pub(super) fn clear(&self) {
        for path in [&self.before, &self.after, &self.other] {
            // The next attempt writes over what stays.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A move that is rehearsed.
#[derive(Debug)]
pub(super) struct Rehearsal<'a> {
    pub(super) commands: &'a Commands<'a>,
    pub(super) scratch: &'a Scratch,
    pub(super) direction: Direction,
    /// What the history was before the cutover that is to be undone.
    pub(super) original: Option<&'a Content>,
    /// The version that the history has by the records of this machine.
    pub(super) recorded: Option<u32>,
}

impl Rehearsal<'_> {
    /// Copies the history as it is now.
    pub(super) fn read(&self, home: &Home<'_>) -> Result<Reading, Reason> {
        let reading = home.read(&self.scratch.before, &[])?;
        match reading.content.events {
            0 => Err("the history has no events, so that a cutover could not be verified".to_owned()),
            _ => Ok(reading),
        }
    }

    fn preflight(&self, history: &Result<Reading, Reason>) -> Preflight {
        let policy = self.commands.policy;
        let (source, target) = self.direction.versions(policy);
        let recorded = match self.recorded {
            Some(version) => format!("the last cutover led to version {version}"),
            None => "no cutover is recorded".to_owned(),
        };
        let at_source = match self.recorded {
            Some(version) => version == source,
            None => self.direction == Direction::Forward,
        };
        let verdict = |ok: bool, detail: String| Verdict { ok, detail };
        let forward = match self.direction {
            Direction::Forward => target > source,
            Direction::Back => target < source,
        };
        Preflight {
            from_valid: verdict(at_source, format!("version {source}: {recorded}")),
            to_valid: verdict(
                self.recorded != Some(target) && source != target,
                format!("version {target}: {recorded}"),
            ),
            migration_exists: Verdict::of(self.commands_exist()),
            version_forward: verdict(forward, format!("version {source} to version {target}")),
            history_integrity: match history {
                Ok(reading) => Verdict::ok(count(reading.content.events, "event")),
                Err(reason) => Verdict::wrong(reason.clone()),
            },
            replay_verification: match history {
                Ok(_) => Verdict::of(self.replayed()),
                Err(_) => Verdict::wrong("not replayed, because the history cannot be read"),
            },
        }
    }

    fn commands_exist(&self) -> Result<String, Reason> {
        let policy = self.commands.policy;
        if self.direction == Direction::Back && policy.inverse.is_none() {
            return Err("no `inverse` is declared, so there is no way back".to_owned());
        }
        let mut known = Vec::new();
        for (key, command) in policy.commands() {
            let program = command.first().map(String::as_str).unwrap_or_default();
            if process::locate(program.as_ref(), self.commands.root).is_none() {
                return Err(format!("`{key}`: there is no program `{program}`"));
            }
            known.push(key);
        }
        Ok(known.join(", "))
    }

    fn replayed(&self) -> Result<String, Reason> {
        if self.commands.policy.replay.is_none() {
            return Ok("no `replay` is declared".to_owned());
        }
        let (source, _) = self.direction.versions(self.commands.policy);
        let states = [(); 2].map(|()| self.state(&self.scratch.before, source));
        match states {
            [Ok(first), Ok(second)] if first == second => Ok("two replays lead to the same state".to_owned()),
            [Ok(_), Ok(_)] => Err("two replays of the same history lead to different states".to_owned()),
            [Err(reason), _] | [_, Err(reason)] => Err(reason),
        }
    }

    /// Digest of the state that a history leads to; of nothing without `replay`.
    pub(super) fn state(&self, history: &Path, version: u32) -> Result<String, Reason> {
        let mut hash = Sha256::default();
        if let Some(replay) = &self.commands.policy.replay {
            self.commands
                .run("replay", replay, Some(version), Some(history), &mut |bytes| {
                    hash.update(bytes);
                })?;
        }
        Ok(hash.to_hex())
    }

    /// What is known after the preflight.
    pub(super) fn checked(&self, history: &Result<Reading, Reason>) -> DryRun {
        let policy = self.commands.policy;
        let content = history.as_ref().ok().map(|reading| &reading.content);
        DryRun {
            version: VERSION,
            generated_at: jiff::Timestamp::now().to_string(),
            migration_id: policy.id(),
            direction: self.direction,
            ok: false,
            source_events: content.map_or(0, |content| content.events),
            source_sha256: content.map(|content| content.sha256.clone()),
            migrated_events: 0,
            migrated_sha256: None,
            preflight: self.preflight(history),
            migration: Verdict::wrong("not run, because the preflight failed"),
            state: None,
            inverse: None,
            invariants: None,
            drift: Drift::default(),
        }
    }

    /// Migrates the history to the side, and judges the result.
    pub(super) fn judged(&self, history: &Result<Reading, Reason>, mut run: DryRun) -> DryRun {
        if let (Ok(reading), None) = (history, run.preflight.problem()) {
            self.judge(&reading.content, &mut run);
        }
        run.ok = run.problem().is_none();
        run.generated_at = jiff::Timestamp::now().to_string();
        run
    }

    fn judge(&self, before: &Content, run: &mut DryRun) {
        let policy = self.commands.policy;
        let (source, target) = self.direction.versions(policy);
        let after = match self.migrated(before) {
            Ok(after) => after,
            Err(reason) => {
                run.migration = Verdict::wrong(reason);
                return;
            }
        };
        run.migrated_events = after.events;
        run.migrated_sha256 = Some(after.sha256);
        run.migration = Verdict::ok("two migrations give the same events");
        let (old, new) = (&self.scratch.before, &self.scratch.after);
        if policy.replay.is_some() {
            run.state = Some(match (self.state(old, source), self.state(new, target)) {
                (Ok(first), Ok(second)) if first == second => Verdict::ok("both versions lead to the same state"),
                (Ok(_), Ok(_)) => Verdict::wrong("the migrated history leads to another state"),
                (Err(reason), _) | (_, Err(reason)) => Verdict::wrong(reason),
            });
        }
        if policy.inverse.is_some() {
            run.inverse = Some(Verdict::of(self.inverted(before)));
        }
        // An exact way back leads to what was violated before, too.
        if policy.invariants.is_some() && self.direction == Direction::Forward {
            run.invariants = Some(match drift(self.commands, (old, source), (new, target)) {
                Err(reason) => Verdict::wrong(reason),
                Ok(drift) => {
                    run.drift = drift.unwrap_or_default();
                    match run.drift.problem() {
                        Some(reason) => Verdict::wrong(reason),
                        None => Verdict::ok(format!(
                            "nothing is newly violated, {} resolved",
                            count(run.drift.resolved.len() as u64, "violation")
                        )),
                    }
                }
            });
        }
    }

    fn way(&self, direction: Direction) -> (&'static str, &[String]) {
        match direction {
            Direction::Forward => ("migrate", &self.commands.policy.migrate),
            Direction::Back => ("inverse", self.commands.policy.inverse.as_deref().unwrap_or_default()),
        }
    }

    fn transform(&self, direction: Direction, from: &Path, into: &Path) -> Result<Reading, Reason> {
        let (key, command) = self.way(direction);
        let (version, _) = direction.versions(self.commands.policy);
        let marks = self.original.map(|original| original.events);
        kept(into, marks.as_slice(), |sink| {
            self.commands.run(key, command, Some(version), Some(from), sink)
        })
        .map_err(|reason| match reason.starts_with('`') {
            true => reason,
            false => format!("what `{key}` printed: {reason}"),
        })
    }

    /// The migrated history. Only a migration that gives the same events each time can be recognised after a kill, and only one that
    /// changes something can be told from none.
    fn migrated(&self, before: &Content) -> Result<Content, Reason> {
        let (key, _) = self.way(self.direction);
        let after = self.transform(self.direction, &self.scratch.before, &self.scratch.after)?;
        let again = self.transform(self.direction, &self.scratch.before, &self.scratch.other)?;
        if after.content != again.content {
            return Err(format!("`{key}` gives other events each time"));
        }
        if after.content == *before {
            return Err(format!(
                "`{key}` changes nothing, so that a cutover could not be verified"
            ));
        }
        if after.content.events == 0 {
            return Err(format!("`{key}` leaves no events"));
        }
        match self.original {
            Some(original) if !after.begins_with(original) => {
                Err("`inverse` does not give back the history that was migrated: there is no exact way back".to_owned())
            }
            _ => Ok(after.content),
        }
    }

    /// Whether the opposite of the migration gives back what went in.
    fn inverted(&self, before: &Content) -> Result<String, Reason> {
        let opposite = match self.direction {
            Direction::Forward => Direction::Back,
            Direction::Back => Direction::Forward,
        };
        let (key, _) = self.way(opposite);
        let back = self.transform(opposite, &self.scratch.after, &self.scratch.other)?;
        match back.content == *before {
            true => Ok(format!("`{key}` gives the history back, byte for byte")),
            false => Err(format!(
                "`{key}` does not give the history back: there is no exact way back"
            )),
        }
    }
}
