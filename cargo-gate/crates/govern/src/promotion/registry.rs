//! The registry: a JSON object per line, one for each event, oldest first. It is meant to be tracked, so it is only ever appended to: each
//! line has the digest of the line before it, the events follow the [state machine](super::state), and a line that does not is an
//! error and never dropped.
//!
//! The last line has none after it. What protects it is an [`Anchor`]: the events of the commit that is checked out, and what this
//! machine recorded when it appended.

use std::path::{Path, PathBuf};
use std::{fs, io};

use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};
use gate_base::{atomic, record};
use serde::{Deserialize, Serialize};

use super::states::States;

pub use super::entry::{Entry, SCHEMA_VERSION};
pub use super::state::Status;

/// A registry that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registry {
    /// Its events.
    pub entries: Vec<Entry>,
    /// What they add up to.
    pub states: States,
    /// Digests of its lines.
    lines: Vec<String>,
}

impl Registry {
    fn last(&self) -> String {
        self.lines.last().cloned().unwrap_or_default()
    }
}

/// What a registry must still have: nobody cuts its end without changing this too.
#[derive(Debug, Clone)]
pub struct Anchor {
    /// The gate directory, where this machine records how far a registry went.
    pub gate_dir: PathBuf,
    /// The registry in the commit that is checked out, where it is tracked.
    pub committed: Option<Vec<u8>>,
}

/// Below the gate directory: a record for each registry that this machine appended to.
const ENDS: &str = "registries";
/// Version of [`End`].
const END_VERSION: u32 = 1;

/// How far a registry went when this machine appended to it.
#[derive(Debug, Serialize, Deserialize)]
struct End {
    length: usize,
    last: String,
}

impl Anchor {
    fn record(&self, path: &Path) -> PathBuf {
        let directory = match path.parent() {
            Some(directory) if !directory.as_os_str().is_empty() => directory,
            _ => Path::new("."),
        };
        let directory = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
        let file = directory.join(path.file_name().unwrap_or_default());
        let name = sha256_hex(file.to_string_lossy().as_bytes());
        self.gate_dir.join(ENDS).join(&name[..16])
    }

    /// Refuses a registry whose end is missing.
    fn hold(&self, path: &Path, registry: &Registry) -> Result<()> {
        let shown = path.display();
        let refused = |what: String, help: &str| Err(Error::usage(format!("`{shown}` {what}")).with_help(help));
        if let Some(committed) = &self.committed {
            let text = String::from_utf8_lossy(committed);
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            let digests: Vec<String> = lines.map(|line| sha256_hex(line.as_bytes())).collect();
            if !registry.lines.starts_with(&digests) {
                return refused(
                    "does not begin with the events of the commit that is checked out".to_owned(),
                    "restore the lines that `git diff HEAD` shows as removed; nothing was written",
                );
            }
        }
        // A record that another machine wrote or that was damaged says nothing.
        let end: Option<End> = record::read_durable(&self.record(path), END_VERSION).ok().flatten();
        match end {
            Some(End { length: 0, .. }) => Ok(()),
            Some(End { length, last }) if registry.lines.get(length - 1) != Some(&last) => refused(
                format!("does not have event {length}, which was recorded on this machine"),
                "restore the lines that were removed; nothing was written",
            ),
            None if self.committed.is_none() && !registry.lines.is_empty() => refused(
                "is not in the commit that is checked out, and was not written on this machine, so events may be missing"
                    .to_owned(),
                "track it in git and commit it; nothing was written",
            ),
            _ => Ok(()),
        }
    }
}

/// Reads a registry; a file that is not there is an empty one.
///
/// # Errors
/// I/O errors, the first line that is not an [`Entry`] or does not follow from the lines before it, and an end that is missing (usage).
pub fn read(path: &Path, anchor: &Anchor) -> Result<Registry> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Error::io("read", path, &error)),
    };
    let registry = parse(&text).map_err(|(line, what)| {
        Error::usage(format!("`{}` line {line}: {what}", path.display()))
            .with_help("restore the line from version control; nothing was written")
    })?;
    anchor.hold(path, &registry)?;
    Ok(registry)
}

/// Takes a registry apart; the number of the first line that is none, and what is wrong with it.
fn parse(text: &str) -> std::result::Result<Registry, (usize, String)> {
    let mut registry = Registry::default();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |what: String| (at + 1, what);
        let entry: Entry = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        if entry.schema_version != SCHEMA_VERSION {
            return Err(wrong(format!(
                "has schema_version {}, but this cargo-gate supports {SCHEMA_VERSION}",
                entry.schema_version
            )));
        }
        if entry.previous != registry.last() {
            return Err(wrong(
                "does not follow the line before it, which was changed or removed".to_owned(),
            ));
        }
        registry.states.apply(&entry).map_err(wrong)?;
        registry.lines.push(sha256_hex(line.as_bytes()));
        registry.entries.push(entry);
    }
    Ok(registry)
}

/// Appends events atomically, and records how far the registry goes now; each event gets the digest of the line before it. The caller holds the [lock](gate_evidence::lock::Lock), so that two
/// promotions lose no line.
///
/// # Errors
/// As [`read`], an event that does not follow from those before it, and what writing says.
pub fn append(path: &Path, anchor: &Anchor, new: Vec<Entry>) -> Result<()> {
    let registry = read(path, anchor)?;
    let mut end = End {
        length: registry.lines.len(),
        last: registry.last(),
    };
    let mut states = registry.states;
    if new.is_empty() {
        return Ok(());
    }
    let mut text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Error::io("read", path, &error)),
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for entry in new {
        let entry = Entry {
            previous: end.last,
            ..entry
        };
        states
            .apply(&entry)
            .map_err(|what| Error::tool(format!("cannot record an event of `{}`: it {what}", entry.artifact)))?;
        let line = serde_json::to_string(&entry)
            .map_err(|error| Error::tool(format!("cannot write a line of the registry: {error}")))?;
        end = End {
            length: end.length + 1,
            last: sha256_hex(line.as_bytes()),
        };
        text.push_str(&line);
        text.push('\n');
    }
    atomic::write_tracked(path, text.as_bytes())?;
    record::write_durable(&anchor.record(path), END_VERSION, &end)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::super::state::State;
    use super::*;

    pub(crate) fn entry(artifact: &str, status: Status, from: State, to: State) -> Entry {
        Entry {
            schema_version: SCHEMA_VERSION,
            artifact: artifact.into(),
            artifact_digest: format!("digest of {artifact}"),
            size: 1,
            kernel: None,
            status,
            from,
            to,
            release: Some("app 1.0.0".into()),
            suite: None,
            run_id: "R".into(),
            chain: "c".into(),
            readiness_sha256: "r".into(),
            decision_sha256: "d".into(),
            commit: None,
            by: "ada".into(),
            at: "2026-11-21T10:15:00Z".into(),
            reason: "first use".into(),
            previous: String::new(),
        }
    }

    fn anchor(directory: &Path, committed: Option<&str>) -> Anchor {
        Anchor {
            gate_dir: directory.join("gate"),
            committed: committed.map(|text| text.as_bytes().to_vec()),
        }
    }

    #[test]
    fn the_end_is_held_by_the_commit_and_by_this_machine() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("registry.jsonl");
        let here = anchor(dir.path(), None);
        let elsewhere = |committed| anchor(&dir.path().join("elsewhere"), committed);
        append(
            &path,
            &here,
            vec![entry("a", Status::Promoted, State::None, State::Pilot)],
        )
        .unwrap();
        let one = fs::read_to_string(&path).unwrap();
        append(
            &path,
            &here,
            vec![entry("a", Status::Promoted, State::Pilot, State::Controlled)],
        )
        .unwrap();
        let two = fs::read_to_string(&path).unwrap();

        // Another machine takes what is committed, and more; line ends of its platform do not count.
        assert!(read(&path, &elsewhere(None)).is_err());
        assert!(read(&path, &elsewhere(Some(&one))).is_ok());
        let windows = two.replace('\n', "\r\n");
        assert!(read(&path, &elsewhere(Some(&windows))).is_ok());
        for cut in [one.as_str(), ""] {
            fs::write(&path, cut).unwrap();
            let error = read(&path, &elsewhere(Some(&two))).unwrap_err();
            assert!(error.message.contains("the events of the commit"), "{}", error.message);
            let error = append(&path, &here, Vec::new()).unwrap_err();
            assert!(error.message.contains("does not have event 2"), "{}", error.message);
        }
        fs::remove_file(&path).unwrap();
        assert!(read(&path, &here).is_err());
        assert!(read(&path, &elsewhere(None)).is_ok());
    }

    #[test]
    fn lines_are_added_and_never_changed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("registry.jsonl");
        let anchor = anchor(dir.path(), None);
        let piloted = |artifact: &str| entry(artifact, Status::Promoted, State::None, State::Pilot);
        append(&path, &anchor, vec![piloted("a"), piloted("b")]).unwrap();
        append(
            &path,
            &anchor,
            vec![entry("a", Status::Promoted, State::Pilot, State::Controlled)],
        )
        .unwrap();
        let registry = read(&path, &anchor).unwrap();
        assert_eq!(registry.entries.len(), 3);
        assert_eq!(registry.states.of("digest of a", None), State::Controlled);
        assert_eq!(registry.states.of("digest of b", None), State::Pilot);
        assert_eq!(registry.states.of("digest of c", None), State::None);

        // A person who forgot the last line feed, and one who wrote what no run says.
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.trim_end()).unwrap();
        append(&path, &anchor, vec![piloted("c")]).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        for (from, to, because) in [
            ("\"by\":\"ada\",", "", "line 1: missing field `by`"),
            (
                "\"by\":\"ada\"",
                "\"by\":\"eve\"",
                "line 2: does not follow the line before it",
            ),
            (
                "\"to\":\"pilot\"",
                "\"to\":\"broad\"",
                "line 1: goes from none to broad, which skips pilot",
            ),
        ] {
            let broken = whole.replacen(from, to, 1);
            fs::write(&path, &broken).unwrap();
            let error = append(&path, &anchor, vec![piloted("d")]).unwrap_err();
            assert!(error.message.contains(because), "{because}: {}", error.message);
            assert_eq!(fs::read_to_string(&path).unwrap(), broken);
        }
        // A line that is gone.
        let less: String = whole.lines().skip(1).map(|line| format!("{line}\n")).collect();
        fs::write(&path, less).unwrap();
        assert!(read(&path, &anchor).is_err());
    }

    #[test]
    fn lines_of_another_version_are_refused() {
        let mut old = entry("a", Status::Promoted, State::None, State::Pilot);
        old.schema_version = 1;
        let (line, what) = parse(&format!("\n{}\n", serde_json::to_string(&old).unwrap())).unwrap_err();
        assert_eq!(
            (line, what.as_str()),
            (2, "has schema_version 1, but this cargo-gate supports 2")
        );
    }

    proptest! {
        #[test]
        fn any_text_is_fine(text in "\\PC{0,200}") {
            let _ = parse(&text);
        }
    }
}
