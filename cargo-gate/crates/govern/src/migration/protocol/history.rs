//! A history: NDJSON, one object on each line, read in parts of any size and without keeping it in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::Path;

use crate::JsonSchema;
use gate_base::digest::Sha256;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::machine::Reason;

/// Longest event, in bytes.
const LONGEST: usize = 16 * 1024 * 1024;

/// What a history holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Content {
    /// Number of events.
    pub events: u64,
    /// SHA-256 over all bytes, as `sha256sum` prints it.
    pub sha256: String,
}

/// A history that was read to its end.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) content: Content,
    /// SHA-256 over the first events, by their number.
    firsts: BTreeMap<u64, String>,
}

impl Reading {
    /// Whether the history is this one, or this one with events after it.
    pub(super) fn begins_with(&self, content: &Content) -> bool {
        self.content == *content || self.firsts.get(&content.events) == Some(&content.sha256)
    }
}

/// Reads a history as its bytes come.
#[derive(Debug)]
pub(super) struct Reader<'m> {
    hash: Sha256,
    events: u64,
    line: Vec<u8>,
    marks: &'m [u64],
    firsts: BTreeMap<u64, String>,
    problem: Option<Reason>,
}

impl<'m> Reader<'m> {
    /// A reader that also knows the digests over so many first events.
    pub(super) fn new(marks: &'m [u64]) -> Self {
        Self {
            hash: Sha256::default(),
            events: 0,
            line: Vec::new(),
            marks,
            firsts: BTreeMap::new(),
            problem: None,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.hash.update(part);
            if self.problem.is_some() {
                continue;
            }
            if self.line.len() + part.len() > LONGEST {
                self.problem = Some(format!("line {} is longer than 16 MiB", self.events + 1));
                continue;
            }
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.problem = self.event().err();
                self.line.clear();
            }
        }
    }

    fn event(&mut self) -> Result<(), Reason> {
        self.events += 1;
        let wrong = |what: &str| Err(format!("line {} {what}", self.events));
        let Ok(text) = std::str::from_utf8(&self.line) else {
            return wrong("is not UTF-8");
        };
        if !text.trim_start().starts_with('{') || serde_json::from_str::<IgnoredAny>(text).is_err() {
            return wrong("is not a JSON object");
        }
        if self.marks.contains(&self.events) {
            self.firsts.insert(self.events, self.hash.to_hex());
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Reading, Reason> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        if !self.line.is_empty() {
            return Err(format!(
                "the last line, {}, does not end with a line feed",
                self.events + 1
            ));
        }
        Ok(Reading {
            content: Content {
                events: self.events,
                sha256: self.hash.to_hex(),
            },
            firsts: self.firsts,
        })
    }
}

/// Hands on the bytes of a file.
pub(super) fn stream(path: &Path, sink: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => sink(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads what a source hands on, and writes it to a file.
pub(super) fn kept<S>(into: &Path, marks: &[u64], source: S) -> Result<Reading, Reason>
where
    S: FnOnce(&mut dyn FnMut(&[u8])) -> Result<(), Reason>,
{
    let cannot = |error: io::Error| format!("cannot write `{}`: {error}", into.display());
    let mut file = File::create(into).map_err(cannot)?;
    let mut reader = Reader::new(marks);
    let mut written = Ok(());
    source(&mut |bytes| {
        reader.push(bytes);
        if written.is_ok() {
            written = file.write_all(bytes);
        }
    })?;
    written.and_then(|()| file.sync_all()).map_err(cannot)?;
    reader.finish()
}

#[cfg(test)]
mod tests {
    use gate_base::digest::sha256_hex;
    use proptest::prelude::*;

    use super::*;

    fn read(text: &[u8], step: usize, marks: &[u64]) -> Result<Reading, Reason> {
        let mut reader = Reader::new(marks);
        text.chunks(step.max(1)).for_each(|part| reader.push(part));
        reader.finish()
    }

    #[test]
    fn what_is_no_history_is_refused_with_its_line() {
        let said = |text: &[u8]| read(text, 3, &[]).expect_err("refused");
        assert_eq!(said(b"{}\n\n"), "line 2 is not a JSON object");
        assert_eq!(said(b"{}\n[1]\n"), "line 2 is not a JSON object");
        assert_eq!(said(b"{\"a\":\n"), "line 1 is not a JSON object");
        assert_eq!(said(b"{\"a\":\"\xff\"}\n"), "line 1 is not UTF-8");
        assert_eq!(said(b"{}\n{}"), "the last line, 2, does not end with a line feed");
        assert_eq!(said(&vec![b'x'; LONGEST + 1]), "line 1 is longer than 16 MiB");
    }

    #[test]
    fn a_history_begins_with_what_it_was() {
        let reading = read(b"{}\n{\"a\":1}\n", 4, &[1]).expect("a history");
        let content = |events, text: &[u8]| Content {
            events,
            sha256: sha256_hex(text),
        };
        assert!(reading.begins_with(&content(2, b"{}\n{\"a\":1}\n")));
        assert!(reading.begins_with(&content(1, b"{}\n")));
        assert!(!reading.begins_with(&content(1, b"{ }\n")));
    }

    proptest! {
        #[test]
        fn parts_do_not_matter(events in proptest::collection::vec("[a-z]{0,9}", 0..9), step in 1usize..40) {
            let text: String = events.iter().map(|event| format!("{{\"e\":\"{event}\"}}\n")).collect();
            let reading = read(text.as_bytes(), step, &[2]).expect("a history");
            prop_assert_eq!(reading.content.events, events.len() as u64);
            prop_assert_eq!(&reading.content.sha256, &sha256_hex(text.as_bytes()));
        }
    }
}
