//! History: `target/gate/history.jsonl`, one line per run, each chained to the one before.
//!
//! A line is the compact JSON of a [`HistoryEntry`] and a line feed. Lines of the first format have no `terms`: they stay
//! part of the chain, and their runs count for no other. Everything in it can be derived from the run
//! directory it names, which is how verification checks it.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use gate_base::error::{Error, Result};
use gate_base::stage::Stage;
use gate_report::{Decision, Report};

use crate::record::{DecisionRecord, Hashes, Manifest, REPORT_JSON};
use crate::terms::{Difference, Terms};
use gate_base::atomic;

/// A history larger than this (a hundred thousand runs) is not read.
const MAX_BYTES: u64 = 64 << 20;

/// Length of an RFC 3339 time up to its second.
const SECOND: usize = "2026-11-21T10:15:00".len();

/// All runs of a workspace, oldest first.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Entries, oldest first.
    pub entries: Vec<HistoryEntry>,
    /// What is wrong with the history file, if anything: an unparsable line, a run that appears twice.
    pub damage: Option<String>,
    /// Gate directory it was read from; `None` for a history that was not read from disk.
    pub gate_dir: Option<PathBuf>,
    /// When its latest run started, looked up once.
    latest_start: OnceLock<Option<Timestamp>>,
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// Id of the run and name of its directory.
    pub run_id: String,
    /// When it started, RFC 3339 in UTC.
    pub started: String,
    /// Its stage.
    pub stage: Stage,
    /// Its decision.
    pub decision: Decision,
    /// Digest of the content that was judged; empty when the run failed before it was known.
    pub content: String,
    /// Commit that was checked out.
    pub commit: Option<String>,
    /// Whether the work tree differed from the commit.
    pub dirty: bool,
    /// What it was judged by. Absent in lines of the first format, whose runs count for no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
    /// Chain hash of the run: SHA-256 over the previous chain hash and the hashes of all files of the run.
    pub chain: String,
}

impl History {
    /// Reads the history of a gate directory. Never fails: what cannot be read is [`damage`](Self::damage), and an
    /// absent history is an empty one.
    pub fn load(gate_dir: &Path) -> Self {
        let mut this = Self {
            gate_dir: Some(gate_dir.to_owned()),
            ..Self::default()
        };
        match read(gate_dir) {
            Ok(bytes) => this.fill(parse(&bytes)),
            Err(error) => this.damage = Some(error.message),
        }
        this
    }

    /// The history of a gate directory whose lines were read already.
    pub(super) fn of(gate_dir: &Path, lines: Lines) -> Self {
        let mut this = Self {
            gate_dir: Some(gate_dir.to_owned()),
            ..Self::default()
        };
        this.fill(lines);
        this
    }

    fn fill(&mut self, lines: Lines) {
        self.damage = lines
            .problems
            .first()
            .map(|(line, what)| format!("line {line} of the history {what}"));
        self.entries = lines.entries;
    }

    /// When the latest run started, by the clock of its machine.
    pub fn latest_start(&self) -> Option<Timestamp> {
        *self.latest_start.get_or_init(|| {
            let mut latest: Option<(Timestamp, &str)> = None;
            // The newest is the latest but for clocks that were set back: up to the second, texts order as times do.
            for entry in self.entries.iter().rev() {
                let second = entry.started.get(..SECOND).filter(|_| entry.started.ends_with('Z'));
                if latest.is_some_and(|(_, known)| second.is_some_and(|second| second < known)) {
                    continue;
                }
                if let Ok(start) = entry.started.parse::<Timestamp>()
                    && latest.is_none_or(|(known, _)| known < start)
                {
                    latest = Some((start, second.unwrap_or_default()));
                }
            }
            latest.map(|(start, _)| start)
        })
    }

    /// The newest run.
    pub fn last(&self) -> Option<&HistoryEntry> {
        self.entries.last()
    }

    /// The report of a run, as its run directory has it now; `None` where that is gone or cannot be read. Whether it is sound is what
    /// `cargo gate verify` says.
    pub fn report(&self, entry: &HistoryEntry) -> Option<Report> {
        let runs = self.gate_dir.as_ref()?.join("runs");
        let bytes = fs::read(runs.join(&entry.run_id).join(REPORT_JSON)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// The later of `now` and the start of the latest run: where a clock is set back, nothing gets younger.
    pub fn not_before_last_run(&self, now: Timestamp) -> Timestamp {
        self.latest_start().map_or(now, |last| last.max(now))
    }
}

impl HistoryEntry {
    /// The line that belongs to a run directory.
    pub(super) fn of(manifest: &Manifest, decision: &DecisionRecord, hashes: &Hashes) -> Self {
        let subject = manifest.subject.as_ref();
        Self {
            run_id: manifest.run_id.clone(),
            started: manifest.started.clone(),
            stage: manifest.stage,
            decision: decision.decision,
            content: subject.map(|subject| subject.content.clone()).unwrap_or_default(),
            commit: subject.and_then(|subject| subject.commit.clone()),
            dirty: subject.and_then(|subject| subject.dirty).unwrap_or(false),
            terms: manifest.terms.clone(),
            chain: hashes.chain.clone(),
        }
    }

    /// Why the run does not count for one on these terms, whatever it judged.
    pub fn difference(&self, present: &Terms) -> Option<Difference> {
        match &self.terms {
            None => Some(Difference::Unknown),
            Some(terms) => terms.difference(present),
        }
    }

    /// Its line, with the line feed.
    pub(super) fn line(&self) -> Result<String> {
        let mut line = serde_json::to_string(self)
            .map_err(|error| Error::tool(format!("cannot write the history line of {}: {error}", self.run_id)))?;
        line.push('\n');
        Ok(line)
    }
}

/// The file of the history.
pub(super) fn path(gate_dir: &Path) -> PathBuf {
    gate_dir.join("history.jsonl")
}

/// Bytes of the history; none when there is no file.
pub(super) fn read(gate_dir: &Path) -> Result<Vec<u8>> {
    let path = path(gate_dir);
    let failed = |error: &io::Error| Error::io("read", &path, error);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(&error)),
    };
    let mut bytes = Vec::new();
    let read = file
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(&error))?;
    if read as u64 > MAX_BYTES {
        return Err(Error::tool(format!("`{}` is too large for a history", path.display())));
    }
    Ok(bytes)
}

/// Lines of a history.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Lines that could be understood.
    pub(super) entries: Vec<HistoryEntry>,
    /// Number of a line and what is wrong with it, to be read after "line 3 of the history".
    pub(super) problems: Vec<(usize, String)>,
    /// Where an unterminated last line starts: the trace of a kill while it was written, if nothing worse.
    pub(super) torn: Option<usize>,
}

/// Takes a history apart. Foreign input: any bytes are fine.
pub(super) fn parse(bytes: &[u8]) -> Lines {
    let mut lines = Lines::default();
    let mut known = HashSet::new();
    let mut start = 0;
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let number = index + 1;
        let mut problem = |what: String| lines.problems.push((number, what));
        match line.strip_suffix(b"\n") {
            None => {
                problem("is not complete".to_owned());
                lines.torn = Some(start);
            }
            Some(text) => {
                if let Some(entry) = of_line(text, &mut problem) {
                    if known.insert(entry.run_id.clone()) {
                        lines.entries.push(entry);
                    } else {
                        problem(format!("repeats run {}", entry.run_id));
                    }
                }
            }
        }
        start += line.len();
    }
    lines
}

/// The entry of a line, and what is wrong with it.
fn of_line(text: &[u8], problem: &mut impl FnMut(String)) -> Option<HistoryEntry> {
    let entry = serde_json::from_slice::<HistoryEntry>(text)
        .inspect_err(|error| problem(format!("is invalid: {error}")))
        .ok()?;
    if serde_json::to_vec(&entry).ok().as_deref() != Some(text) {
        problem("is not in canonical form".to_owned());
    }
    Some(entry)
}

/// The last line that can be understood. Whether the rest is sound is no question of those who only continue the chain:
/// [`Runs::recover`](super::run_dir::Runs::recover) looked at it before.
pub(super) fn last(gate_dir: &Path) -> Result<Option<HistoryEntry>> {
    Ok(parse(&read(gate_dir)?).entries.pop())
}

/// Appends a line and waits for the disk. When that fails (a full disk), what was written of it is taken back.
pub(super) fn append(gate_dir: &Path, entry: &HistoryEntry) -> Result<()> {
    let path = path(gate_dir);
    let line = entry.line()?;
    let new = !path.exists();
    append_bytes(&path, line.as_bytes()).map_err(|error| Error::io("write", &path, &error))?;
    if new {
        atomic::sync_directory(gate_dir).map_err(|error| Error::io("write", gate_dir, &error))?;
    }
    Ok(())
}

fn append_bytes(path: &Path, line: &[u8]) -> io::Result<()> {
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    let written = || -> io::Result<()> {
        if length > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                // A damaged last line must not damage this one.
                file.write_all(b"\n")?;
            }
        }
        file.write_all(line)?;
        file.sync_all()
    }();
    if written.is_err() {
        // Best effort: a line that is left half is recognised as such.
        let _ = File::options()
            .write(true)
            .open(path)
            .and_then(|file| file.set_len(length));
    }
    written
}

/// Cuts the history to its first `length` bytes.
pub(super) fn truncate(gate_dir: &Path, length: usize) -> Result<()> {
    let path = path(gate_dir);
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .and_then(|file| {
            file.set_len(length as u64)?;
            file.sync_all()
        })
        .map_err(|error| Error::io("repair", &path, &error))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(run_id: &str) -> HistoryEntry {
        HistoryEntry {
            run_id: run_id.into(),
            started: "2026-11-21T10:15:00Z".into(),
            stage: Stage::Pilot,
            decision: Decision::Ready,
            content: "c".into(),
            commit: None,
            dirty: false,
            terms: None,
            chain: "0".into(),
        }
    }

    #[test]
    fn an_absent_history_is_empty_and_sound() {
        let dir = tempfile::tempdir().unwrap();
        let history = History::load(dir.path());
        assert!(history.entries.is_empty() && history.damage.is_none());
    }

    #[test]
    fn lines_are_appended_in_order() {
        let dir = tempfile::tempdir().unwrap();
        append(dir.path(), &entry("a")).unwrap();
        append(dir.path(), &entry("b")).unwrap();
        let history = History::load(dir.path());
        assert_eq!(history.entries, [entry("a"), entry("b")]);
        assert_eq!(history.damage, None);
        insta::assert_snapshot!(fs::read_to_string(path(dir.path())).unwrap().lines().next().unwrap(), @r#"{"run_id":"a","started":"2026-11-21T10:15:00Z","stage":"pilot","decision":"READY","content":"c","commit":null,"dirty":false,"chain":"0"}"#);
    }

    #[test]
    fn a_run_that_appears_twice_is_damage_in_any_order() {
        let ids = ["a-1", "a-2", "b-1", "a-3", "b-2", "c-1"];
        let lines: Vec<String> = ids.iter().map(|id| entry(id).line().unwrap()).collect();
        assert!(parse(lines.concat().as_bytes()).problems.is_empty());
        for (twice, id) in ids.iter().enumerate() {
            for at in twice + 1..=ids.len() {
                let mut lines = lines.clone();
                lines.insert(at, lines[twice].clone());
                let parsed = parse(lines.concat().as_bytes());
                assert_eq!(parsed.problems, [(at + 1, format!("repeats run {id}"))]);
                assert_eq!(parsed.entries.len(), ids.len());
            }
        }
    }

    #[test]
    fn damage_is_named_and_does_not_spread() {
        let dir = tempfile::tempdir().unwrap();
        append(dir.path(), &entry("a")).unwrap();
        let mut bytes = fs::read(path(dir.path())).unwrap();
        bytes.extend_from_slice(b"{\"run_id\":");
        fs::write(path(dir.path()), &bytes).unwrap();
        assert_eq!(
            History::load(dir.path()).damage.unwrap(),
            "line 2 of the history is not complete"
        );
        append(dir.path(), &entry("b")).unwrap();
        let history = History::load(dir.path());
        assert_eq!(history.entries, [entry("a"), entry("b")]);
        assert!(history.damage.unwrap().starts_with("line 2 of the history is invalid"));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_hide_a_later_run() {
        let mut early = entry("b");
        early.started = "2025-01-01T00:00:00Z".into();
        let mut odd = entry("c");
        odd.started = "yesterday".into();
        let history = History {
            entries: vec![entry("a"), early, odd],
            ..History::default()
        };
        assert_eq!(history.latest_start(), "2026-11-21T10:15:00Z".parse().ok());
        assert_eq!(History::default().latest_start(), None);
        let at = |time: &str| time.parse::<Timestamp>().unwrap();
        assert_eq!(
            history.not_before_last_run(at("2026-01-01T00:00:00Z")),
            at("2026-11-21T10:15:00Z")
        );
        assert_eq!(
            history.not_before_last_run(at("2027-01-01T00:00:00Z")),
            at("2027-01-01T00:00:00Z")
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_fine(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            parse(&bytes);
        }

        #[test]
        fn any_text_after_a_good_line_keeps_that_line(text in "[ -~\n]{0,80}") {
            let line = entry("a").line().unwrap();
            let lines = parse(format!("{line}{text}").as_bytes());
            prop_assert_eq!(&lines.entries[0], &entry("a"));
            prop_assert_eq!(text.is_empty(), lines.problems.is_empty());
        }
    }
}
