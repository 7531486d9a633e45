//! The registry: a JSON object per line, one for each promotion or rejection, oldest first. It is meant to be tracked, so
//! it is only ever appended to, and a line that cannot be read is an error and never dropped.

use std::path::Path;
use std::{fs, io};

use serde::{Deserialize, Serialize};

use gate_base::atomic;
use gate_base::error::{Error, Result};
use gate_base::stage::Stage;

/// Version of the lines; raised when a field is removed or changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Version of this line.
    pub schema_version: u32,
    /// Path of the artifact when it was recorded, `/`-separated; relative to the workspace where it lies in it.
    pub artifact: String,
    /// SHA-256 of the artifact, hexadecimal.
    pub artifact_digest: String,
    /// Its size in bytes.
    pub size: u64,
    /// The kernel in the artifact that was promoted; absent where it is the artifact as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// What was decided.
    pub status: Status,
    /// The stage that it may enter, or was kept from.
    pub stage: Stage,
    /// Id of the run that it rests on.
    pub run_id: String,
    /// Chain hash of that run, which `cargo gate verify --head` takes.
    pub chain: String,
    /// SHA-256 of the run's `report.json`.
    pub readiness_sha256: String,
    /// SHA-256 of the run's `decision.json`.
    pub decision_sha256: String,
    /// Commit that the run judged.
    pub commit: Option<String>,
    /// Who promoted.
    pub by: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// Why.
    pub reason: String,
}

/// What was decided about an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It may enter the stage.
    Promoted,
    /// It may not.
    Rejected,
}

impl Entry {
    /// Whether this says the same about the same artifact by the same run: who says so and when does not matter.
    pub fn repeats(&self, other: &Entry) -> bool {
        (
            &self.artifact_digest,
            &self.kernel,
            self.status,
            self.stage,
            &self.chain,
        ) == (
            &other.artifact_digest,
            &other.kernel,
            other.status,
            other.stage,
            &other.chain,
        )
    }
}

/// Reads a registry; a file that is not there is an empty one.
///
/// # Errors
/// I/O errors, and the first line that is not an [`Entry`] (usage).
pub fn read(path: &Path) -> Result<Vec<Entry>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("read", path, &error)),
    };
    parse(&text).map_err(|(line, what)| {
        Error::usage(format!("`{}` line {line}: {what}", path.display()))
            .with_help("restore the line from version control; nothing was written")
    })
}

/// Takes a registry apart; the number of the first line that is none, and what is wrong with it.
fn parse(text: &str) -> std::result::Result<Vec<Entry>, (usize, String)> {
    let mut entries = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let entry: Entry = serde_json::from_str(line).map_err(|error| (at + 1, error.to_string()))?;
        if entry.schema_version != SCHEMA_VERSION {
            let what = format!(
                "has schema_version {}, but this cargo-gate supports {SCHEMA_VERSION}",
                entry.schema_version
            );
            return Err((at + 1, what));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// Appends what is not in the registry yet, atomically, and says how many lines that were. The caller holds the
/// [lock](gate_evidence::lock::Lock), so that two promotions lose no line.
///
/// # Errors
/// As [`read`], and what writing says.
pub fn append(path: &Path, new: &[Entry]) -> Result<usize> {
    let known = read(path)?;
    let mut text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Error::io("read", path, &error)),
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let mut added: Vec<&Entry> = Vec::new();
    for entry in new {
        if known
            .iter()
            .chain(added.iter().copied())
            .any(|other| other.repeats(entry))
        {
            continue;
        }
        let line = serde_json::to_string(entry)
            .map_err(|error| Error::tool(format!("cannot write a line of the registry: {error}")))?;
        text.push_str(&line);
        text.push('\n');
        added.push(entry);
    }
    if !added.is_empty() {
        atomic::write_tracked(path, text.as_bytes())?;
    }
    Ok(added.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(artifact: &str) -> Entry {
        Entry {
            schema_version: SCHEMA_VERSION,
            artifact: artifact.into(),
            artifact_digest: format!("digest of {artifact}"),
            size: 1,
            kernel: None,
            status: Status::Promoted,
            stage: Stage::Pilot,
            run_id: "R".into(),
            chain: "c".into(),
            readiness_sha256: "r".into(),
            decision_sha256: "d".into(),
            commit: None,
            by: "ada".into(),
            at: "2026-11-21T10:15:00Z".into(),
            reason: "first use".into(),
        }
    }

    #[test]
    fn lines_are_added_once_and_never_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("registry.jsonl");
        assert_eq!(append(&path, &[entry("a"), entry("a")]).unwrap(), 1);
        let mut later = entry("a");
        later.at = "2027-01-01T00:00:00Z".into();
        assert_eq!(append(&path, &[later, entry("b")]).unwrap(), 1);
        let mut rejected = entry("a");
        rejected.status = Status::Rejected;
        assert_eq!(append(&path, std::slice::from_ref(&rejected)).unwrap(), 1);
        assert_eq!(read(&path).unwrap(), [entry("a"), entry("b"), rejected]);

        // A person who forgot the last line feed, and one who broke a line.
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.trim_end()).unwrap();
        assert_eq!(append(&path, &[entry("c")]).unwrap(), 1);
        assert_eq!(read(&path).unwrap().len(), 4);
        let broken = fs::read_to_string(&path).unwrap().replacen("\"by\":\"ada\",", "", 1);
        fs::write(&path, &broken).unwrap();
        let error = append(&path, &[entry("d")]).unwrap_err();
        assert!(
            error.message.contains("line 1: missing field `by`"),
            "{}",
            error.message
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), broken);
    }

    #[test]
    fn lines_of_another_version_are_refused() {
        let mut future = entry("a");
        future.schema_version = 2;
        let (line, what) = parse(&format!("\n{}\n", serde_json::to_string(&future).unwrap())).unwrap_err();
        assert_eq!(
            (line, what.as_str()),
            (2, "has schema_version 2, but this cargo-gate supports 1")
        );
    }

    proptest! {
        #[test]
        fn any_text_is_fine(text in "\\PC{0,200}") {
            let _ = parse(&text);
        }
    }
}
