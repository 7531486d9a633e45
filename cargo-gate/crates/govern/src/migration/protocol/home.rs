//! Where a history is: a file, which is renamed, or a database, which commands switch.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use gate_base::atomic;

use super::commands::Commands;
use super::history::{Content, Reading, kept, stream};
use super::machine::{Reason, Standing};
use super::reports::Direction;

/// Characters of a digest in the name of a file.
const SHORT: usize = 12;

/// Where the history of a migration is.
#[derive(Debug)]
pub(super) struct Home<'a> {
    commands: &'a Commands<'a>,
    /// The file without links; `None` for a database.
    file: Option<PathBuf>,
}

/// The two histories of a move.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends<'a> {
    pub(super) direction: Direction,
    pub(super) before: &'a Content,
    pub(super) after: &'a Content,
}

impl<'a> Home<'a> {
    pub(super) fn of(commands: &'a Commands<'a>) -> Result<Self, Reason> {
        let file = commands.policy.history.as_ref().map(|history| {
            let path = commands.root.join(history);
            fs::canonicalize(&path).map_err(|error| format!("cannot read `{history}`: {error}"))
        });
        Ok(Self {
            commands,
            file: file.transpose()?,
        })
    }

    /// Copies the history as it is now.
    pub(super) fn read(&self, into: &Path, marks: &[u64]) -> Result<Reading, Reason> {
        match (&self.file, &self.commands.policy.export) {
            (Some(file), _) => kept(into, marks, |sink| {
                stream(file, sink).map_err(|error| format!("cannot read `{}`: {error}", file.display()))
            }),
            (None, Some(export)) => kept(into, marks, |sink| {
                self.commands.run("export", export, None, None, sink)
            }),
            (None, None) => Err("the migration has neither a file nor a database".to_owned()),
        }
    }

    /// Puts the migrated history next to the file, so that switching is a rename. Of a database, nothing is written.
    pub(super) fn stage(&self, candidate: &Path) -> Result<(), Reason> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let staged = staged(file);
        let copied = fs::copy(candidate, &staged)
            .and_then(|_| synced(&staged))
            .and_then(|()| fs::set_permissions(&staged, fs::metadata(file)?.permissions()));
        copied.map_err(|error| format!("cannot write `{}`: {error}", staged.display()))
    }

    /// Removes what [`stage`](Self::stage) wrote and, of a history that was not switched, the second name of the original.
    pub(super) fn clean(&self, not_switched: Option<Ends<'_>>) {
        let original = not_switched.and_then(|ends| self.kept(ends));
        for path in self.file.as_deref().map(staged).into_iter().chain(original) {
            // What cannot be removed is a file too many, and nothing else.
            let _ = fs::remove_file(path);
        }
    }

    /// Where the original is kept, for people; `None` for a database.
    pub(super) fn kept(&self, ends: Ends<'_>) -> Option<PathBuf> {
        let (from, _) = ends.direction.versions(self.commands.policy);
        Some(kept_at(self.file.as_ref()?, from, ends.before))
    }

    /// Makes the history the migrated one.
    pub(super) fn switch(&self, ends: Ends<'_>, candidate: &Path) -> Result<(), Reason> {
        let Some(file) = &self.file else {
            return self.transaction(ends.direction, ends.direction, candidate);
        };
        let original = self.kept(ends).unwrap_or_default();
        let switched = linked(file, &original)
            .and_then(|()| atomic::rename(&staged(file), file))
            .and_then(|()| synced_directory(file));
        switched.map_err(|error| format!("cannot replace `{}`: {error}", file.display()))
    }

    /// Which of the two histories it is. Reads it into a file that is of no other use.
    pub(super) fn standing(&self, ends: Ends<'_>, into: &Path) -> Standing {
        let marks = [ends.before.events, ends.after.events];
        let now = match self.read(into, &marks) {
            Ok(now) => now,
            Err(reason) => return Standing::Neither(reason),
        };
        if now.content == *ends.after {
            return match self.kept(ends).map(|original| content(&original)) {
                Some(Ok(original)) if original.content != *ends.before => Standing::Neither(
                    "the original was written to after it had been read: `pause` does not stop all writers".to_owned(),
                ),
                Some(Err(reason)) => Standing::Neither(reason),
                _ => Standing::After,
            };
        }
        match (now.begins_with(ends.before), now.begins_with(ends.after)) {
            (true, false) => Standing::Before,
            // What it was, exactly.
            (true, true) if now.content == *ends.before => Standing::Before,
            (false, true) => Standing::Neither(format!(
                "{} more than were migrated: `pause` does not stop all writers",
                gate_report::render::text::count(now.content.events - ends.after.events, "event")
            )),
            _ => Standing::Neither("the history is neither what it was nor what was verified".to_owned()),
        }
    }

    /// Which of the two the history begins with, whatever came since.
    pub(super) fn whole(&self, ends: Ends<'_>, into: &Path) -> Option<Standing> {
        let now = self.read(into, &[ends.before.events, ends.after.events]).ok()?;
        let untouched = || match self.kept(ends) {
            Some(original) => content(&original).is_ok_and(|original| original.content == *ends.before),
            None => true,
        };
        match (now.begins_with(ends.before), now.begins_with(ends.after)) {
            (true, false) => Some(Standing::Before),
            (false, true) if untouched() => Some(Standing::After),
            _ => None,
        }
    }

    /// Makes the history what it was, and loses nothing that came since.
    pub(super) fn restore(&self, ends: Ends<'_>, before: &Path, into: &Path) -> Result<(), Reason> {
        let now = self.read(into, &[ends.after.events]);
        if let Ok(now) = &now
            && now.content != *ends.after
            && now.begins_with(ends.after)
        {
            return Err("going back would lose the events that were written since the switch".to_owned());
        }
        let Some(file) = &self.file else {
            // Whether there is something to undo is not known of a database that cannot be read.
            now?;
            let back = match ends.direction {
                Direction::Forward => Direction::Back,
                Direction::Back => Direction::Forward,
            };
            return self.transaction(ends.direction, back, before);
        };
        let original = self.kept(ends).unwrap_or_default();
        if !content_from(&original, ends.before)? {
            return Err(format!("`{}` is not what the history was", original.display()));
        }
        let known = now.is_ok_and(|now| now.content == *ends.after);
        let found = jiff::Timestamp::now().as_second();
        let aside = file.with_file_name(format!("{}.found-{found}", name(file)));
        let saved = if known { Ok(()) } else { linked(file, &aside) };
        let restored = saved
            .and_then(|()| atomic::rename(&original, file))
            .and_then(|()| synced_directory(file));
        restored.map_err(|error| format!("cannot replace `{}`: {error}", file.display()))
    }

    /// Runs the transaction that leads this way, during a move that leads that way.
    fn transaction(&self, during: Direction, way: Direction, input: &Path) -> Result<(), Reason> {
        let policy = self.commands.policy;
        let (key, command) = match way {
            Direction::Forward => ("switch", &policy.switch),
            Direction::Back => ("switch-back", &policy.switch_back),
        };
        let (source, target) = during.versions(policy);
        let version = if during == way { target } else { source };
        match command {
            Some(command) => self.commands.run(key, command, Some(version), Some(input), &mut |_| {}),
            None => Err(format!("`{key}` is not declared")),
        }
    }
}

fn name(file: &Path) -> String {
    file.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn staged(file: &Path) -> PathBuf {
    file.with_file_name(format!("{}{}", atomic::TEMPORARY_PREFIX, name(file)))
}

fn kept_at(file: &Path, version: u32, content: &Content) -> PathBuf {
    let digest = content.sha256.get(..SHORT).unwrap_or_default();
    file.with_file_name(format!("{}.v{version}-{digest}", name(file)))
}

/// Gives a file a second name, or copies it where the file system knows no links. What a writer that did not stop adds is then seen in the
/// original.
fn linked(file: &Path, other: &Path) -> io::Result<()> {
    match fs::remove_file(other) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    if fs::hard_link(file, other).is_err() {
        fs::copy(file, other)?;
        synced(other)?;
    }
    synced_directory(file)
}

fn synced(path: &Path) -> io::Result<()> {
    // Windows flushes only what is open for writing; elsewhere a file may be read-only.
    fs::OpenOptions::new()
        .read(true)
        .write(cfg!(windows))
        .open(path)?
        .sync_all()
}

fn synced_directory(file: &Path) -> io::Result<()> {
    file.parent().map_or(Ok(()), atomic::sync_directory)
}

fn content(path: &Path) -> Result<Reading, Reason> {
    content_with(path, &[])
}

fn content_from(path: &Path, start: &Content) -> Result<bool, Reason> {
    Ok(content_with(path, &[start.events])?.begins_with(start))
}

fn content_with(path: &Path, marks: &[u64]) -> Result<Reading, Reason> {
    let mut reader = super::history::Reader::new(marks);
    stream(path, &mut |bytes| reader.push(bytes))
        .map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    reader.finish()
}
