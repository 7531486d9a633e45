//! The windows of earlier runs: `target/gate/slo/<suite>.jsonl`, a line for each, chained as the history of runs is. The end of
//! the chain is kept in `<suite>.head`, so that a file that was cut shows.

use std::path::{Path, PathBuf};
use std::{fs, io};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use gate_base::atomic;
use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};

use super::counters::Totals;
use super::promise::{Before, Recorded};

/// A file larger than this (some hundred thousand runs) is not read.
const MAX_BYTES: u64 = 64 << 20;

/// All recorded windows of a suite, oldest first.
#[derive(Debug)]
pub(super) struct Windows {
    path: PathBuf,
    text: String,
    chain: String,
    pub(super) entries: Vec<Window>,
}

/// What one run read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Window {
    /// When it was recorded, RFC 3339 in UTC.
    pub(super) recorded: String,
    /// SHA-256 of the measurements.
    pub(super) digest: String,
    /// Events of the objectives.
    pub(super) events: Vec<Recorded>,
    /// Latest values of counters.
    #[serde(default, skip_serializing_if = "Totals::is_empty")]
    pub(super) totals: Totals,
    /// Which counters these are.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) selection: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    window: Window,
    /// SHA-256 of the chain of the line before, a line feed, and the window.
    chain: String,
}

impl Window {
    /// When it was recorded. The file is refused when that is no time.
    pub(super) fn time(&self) -> Option<Timestamp> {
        self.recorded.parse().ok()
    }
}

impl Windows {
    /// Reads the windows of earlier runs. The inner error is what is wrong with the file, as the end of a sentence about it.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub(super) fn load(path: &Path, now: Timestamp) -> Result<std::result::Result<Self, String>> {
        let head = head(path);
        let empty = |path: &Path| Self {
            path: path.to_owned(),
            text: String::new(),
            chain: String::new(),
            entries: Vec::new(),
        };
        match fs::metadata(path) {
            Ok(metadata) if metadata.len() > MAX_BYTES => return Ok(Err("are too large to read".to_owned())),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Both gone is a new beginning, which has too few windows; one gone is an edit.
                return Ok(match head {
                    Some(_) => Err("are missing, but their `.head` file exists".to_owned()),
                    None => Ok(empty(path)),
                });
            }
            Err(error) => return Err(Error::io("read", path, &error)),
        }
        let bytes = fs::read(path).map_err(|error| Error::io("read", path, &error))?;
        let Ok(text) = String::from_utf8(bytes) else {
            return Ok(Err("are not UTF-8".to_owned()));
        };
        Ok(parse(&text, head.as_deref(), now).map(|(chain, entries)| Self {
            path: path.to_owned(),
            text,
            chain,
            entries,
        }))
    }

    /// What was recorded.
    pub(super) fn before(&self) -> Before {
        let last = self.entries.last();
        Before {
            recorded: self.entries.iter().flat_map(|entry| entry.events.clone()).collect(),
            totals: last.map(|entry| entry.totals.clone()).unwrap_or_default(),
            selection: last.map(|entry| entry.selection.clone()).unwrap_or_default(),
        }
    }

    /// When these measurements were recorded, if they were.
    pub(super) fn recorded_at(&self, digest: &str) -> Option<Timestamp> {
        let entry = self.entries.iter().find(|entry| entry.digest == digest);
        entry.and_then(Window::time)
    }

    /// Records a window.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn append(&mut self, window: Window) -> Result<()> {
        let chain = chained(&self.chain, &window)?;
        let line = Line {
            window: window.clone(),
            chain: chain.clone(),
        };
        let line =
            serde_json::to_string(&line).map_err(|error| Error::tool(format!("cannot write a window: {error}")))?;
        self.text.push_str(&line);
        self.text.push('\n');
        if let Some(parent) = self.path.parent() {
            fs::create_dir_all(parent).map_err(|error| Error::io("create", parent, &error))?;
        }
        // A kill between the two leaves a file that is one line ahead of its head, which is accepted.
        atomic::write(&self.path, self.text.as_bytes())?;
        atomic::write(&self.path.with_extension("head"), chain.as_bytes())?;
        self.chain = chain;
        self.entries.push(window);
        Ok(())
    }
}

fn head(path: &Path) -> Option<String> {
    fs::read_to_string(path.with_extension("head")).ok()
}

fn chained(before: &str, window: &Window) -> Result<String> {
    let window =
        serde_json::to_string(window).map_err(|error| Error::tool(format!("cannot write a window: {error}")))?;
    Ok(sha256_hex(format!("{before}\n{window}").as_bytes()))
}

/// The end of the chain, and the windows.
fn parse(text: &str, head: Option<&str>, now: Timestamp) -> std::result::Result<(String, Vec<Window>), String> {
    let mut chain = String::new();
    let mut before = None;
    let mut entries = Vec::new();
    if !text.is_empty() && !text.ends_with('\n') {
        return Err("end in the middle of a line".to_owned());
    }
    for (at, line) in text.lines().enumerate() {
        let number = at + 1;
        let line: Line =
            serde_json::from_str(line).map_err(|error| format!("have a malformed line {number}: {error}"))?;
        let expected = chained(&chain, &line.window).map_err(|error| error.message)?;
        if line.chain != expected {
            return Err(format!(
                "were edited: line {number} does not follow from the one before"
            ));
        }
        match line.window.time() {
            Some(time) if time <= now => {}
            Some(_) => return Err(format!("have a line {number} that is dated in the future")),
            None => return Err(format!("have a line {number} without a time")),
        }
        before = Some(std::mem::replace(&mut chain, line.chain));
        entries.push(line.window);
    }
    let fits =
        head.is_some_and(|head| head == chain) || before.is_some_and(|before| head.unwrap_or_default() == before);
    if fits || entries.is_empty() && head.is_none() {
        Ok((chain, entries))
    } else {
        Err("were truncated or replaced: their end differs from the recorded one".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(minute: u32) -> Timestamp {
        format!("2026-11-22T01:{minute:02}:00Z").parse().unwrap()
    }

    fn window(minute: u32) -> Window {
        let events = Recorded {
            objective: "a".to_owned(),
            rule: String::new(),
            workload: String::new(),
            tenant: String::new(),
            from: None,
            to: time(minute),
            good: 99,
            total: 100,
            waits: Vec::new(),
        };
        Window {
            recorded: time(minute).to_string(),
            digest: format!("{minute}"),
            events: vec![events],
            totals: Totals::new(),
            selection: String::new(),
        }
    }

    #[test]
    fn each_edit_of_the_file_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("slo").join("x.jsonl");
        let load = |now| Windows::load(&path, now).unwrap().map(|windows| windows.entries.len());
        assert_eq!(load(time(9)), Ok(0));
        for minute in 1..4 {
            let mut windows = Windows::load(&path, time(minute)).unwrap().unwrap();
            assert_eq!(windows.recorded_at(&minute.to_string()), None);
            windows.append(window(minute)).unwrap();
        }
        assert_eq!(load(time(9)), Ok(3));
        assert_eq!(
            Windows::load(&path, time(9)).unwrap().unwrap().recorded_at("2"),
            Some(time(2))
        );
        assert!(load(time(2)).unwrap_err().contains("dated in the future"));

        let good = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = good.lines().collect();
        for (text, what) in [
            (good.replacen("99", "98", 1), "line 1 does not follow"),
            (format!("{}\n{}\n", lines[1], lines[2]), "line 1 does not follow"),
            (
                format!("{}\n{}\n{}\n", lines[0], lines[2], lines[1]),
                "line 2 does not follow",
            ),
            (format!("{}\n", lines[0]), "their end differs from the recorded one"),
            (
                format!("{}\n{}\n", lines[0], lines[1]),
                "their end differs from the recorded one",
            ),
            (String::new(), "their end differs from the recorded one"),
            (good.trim_end().to_owned(), "in the middle of a line"),
            (good.replacen("good", "bad", 1), "malformed line 1"),
        ] {
            fs::write(&path, text).unwrap();
            let damage = load(time(9)).unwrap_err();
            assert!(damage.contains(what), "{damage}");
        }
        fs::remove_file(&path).unwrap();
        assert!(load(time(9)).unwrap_err().contains("are missing"));
        // Killed between the two files: the head is one line behind.
        fs::write(&path, &good).unwrap();
        let before: Line = serde_json::from_str(lines[1]).unwrap();
        fs::write(path.with_extension("head"), before.chain).unwrap();
        assert_eq!(load(time(9)), Ok(3));
    }
}
