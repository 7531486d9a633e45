//! The registry: a JSON object per line, one for each event, oldest first. It is meant to be tracked, so it is only ever appended to: each
//! line has the digest of the line before it, the events follow the [state machine](super::state), and a line that does not is an
//! error and never dropped.

use std::path::Path;
use std::{fs, io};

use gate_base::atomic;
use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};

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
    /// Digest of its last line.
    last: String,
}

/// Reads a registry; a file that is not there is an empty one.
///
/// # Errors
/// I/O errors, and the first line that is not an [`Entry`] or does not follow from the lines before it (usage).
pub fn read(path: &Path) -> Result<Registry> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Registry::default()),
        Err(error) => return Err(Error::io("read", path, &error)),
    };
    parse(&text).map_err(|(line, what)| {
        Error::usage(format!("`{}` line {line}: {what}", path.display()))
            .with_help("restore the line from version control; nothing was written")
    })
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
        if entry.previous != registry.last {
            return Err(wrong(
                "does not follow the line before it, which was changed or removed".to_owned(),
            ));
        }
        registry.states.apply(&entry).map_err(wrong)?;
        registry.last = sha256_hex(line.as_bytes());
        registry.entries.push(entry);
    }
    Ok(registry)
}

/// Appends events atomically; each gets the digest of the line before it. The caller holds the [lock](gate_evidence::lock::Lock), so that two
/// promotions lose no line.
///
/// # Errors
/// As [`read`], an event that does not follow from those before it, and what writing says.
pub fn append(path: &Path, new: Vec<Entry>) -> Result<()> {
    let Registry {
        mut last, mut states, ..
    } = read(path)?;
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
            previous: last,
            ..entry
        };
        states
            .apply(&entry)
            .map_err(|what| Error::tool(format!("cannot record an event of `{}`: it {what}", entry.artifact)))?;
        let line = serde_json::to_string(&entry)
            .map_err(|error| Error::tool(format!("cannot write a line of the registry: {error}")))?;
        last = sha256_hex(line.as_bytes());
        text.push_str(&line);
        text.push('\n');
    }
    atomic::write_tracked(path, text.as_bytes())
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

    #[test]
    fn lines_are_added_and_never_changed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("registry.jsonl");
        let piloted = |artifact: &str| entry(artifact, Status::Promoted, State::None, State::Pilot);
        append(&path, vec![piloted("a"), piloted("b")]).unwrap();
        append(
            &path,
            vec![entry("a", Status::Promoted, State::Pilot, State::Controlled)],
        )
        .unwrap();
        let registry = read(&path).unwrap();
        assert_eq!(registry.entries.len(), 3);
        assert_eq!(registry.states.of("digest of a", None), State::Controlled);
        assert_eq!(registry.states.of("digest of b", None), State::Pilot);
        assert_eq!(registry.states.of("digest of c", None), State::None);

        // A person who forgot the last line feed, and one who wrote what no run says.
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.trim_end()).unwrap();
        append(&path, vec![piloted("c")]).unwrap();
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
            let error = append(&path, vec![piloted("d")]).unwrap_err();
            assert!(error.message.contains(because), "{because}: {}", error.message);
            assert_eq!(fs::read_to_string(&path).unwrap(), broken);
        }
        // A line that is gone.
        let less: String = whole.lines().skip(1).map(|line| format!("{line}\n")).collect();
        fs::write(&path, less).unwrap();
        assert!(read(&path).is_err());
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
