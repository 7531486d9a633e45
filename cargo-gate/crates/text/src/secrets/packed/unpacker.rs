//! What is done with one file and everything nested in it, whatever formats there are: budgets, names, and what was not read.

use std::io::Read;

use crate::secrets::unread::{PackedFormat, Unread, UnreadReason};
use crate::secrets::{Hit, encoding, mask, span};

/// More entries than this are not read.
pub(super) const MAX_ENTRIES: usize = 10_000;
/// Levels of archives inside the file that are unpacked: a `.tar.gz` has one, in a ZIP archive it makes two.
const MAX_NESTED: usize = 3;
/// Larger files in a format that is not read are taken for data, like any other binary file: nobody expects them to be searched.
pub(super) const MAX_EXPECTED: usize = 1 << 20;
/// Characters of the name of an entry that are shown.
const LONGEST_NAME: usize = 120;

/// Where a secret is that is in the name of an entry.
pub(super) const IN_NAME: &str = "in the name of an entry";
/// Where a secret is that is in the comment of an archive or of an entry.
pub(super) const IN_COMMENT: &str = "in a comment of the archive";
/// Where a secret is that is in the header of a `gzip` file.
pub(super) const IN_HEADER: &str = "in the header of the compressed file";
/// Where a secret is that is in the program of a self-extracting archive.
pub(super) const IN_PREFIX: &str = "before the archive";

/// A format that is read.
pub(super) struct Format {
    /// Whether bytes are an archive of it.
    pub(super) is: fn(&[u8]) -> bool,
    /// Searches the contents of an archive; `false` if the bytes turn out to be something else.
    pub(super) open: fn(&mut Unpacker<'_>, &[u8], usize) -> bool,
}

/// What is done with one file and everything nested in it.
pub(super) struct Unpacker<'s> {
    /// What is read.
    pub(super) formats: &'s [Format],
    pub(super) scan_text: &'s dyn Fn(&[u8]) -> Vec<Hit>,
    pub(super) bytes_left: u64,
    pub(super) entries_left: usize,
    /// Names of the entries around what is looked at, the outermost first.
    pub(super) names: Vec<Vec<u8>>,
    pub(super) hits: Vec<Hit>,
    /// The first place for each reason.
    pub(super) unread: Vec<Unread>,
}

impl Unpacker<'_> {
    /// Searches what an archive holds, if the bytes are one. A file has the depth 0, what is in it 1.
    pub(super) fn archive(&mut self, bytes: &[u8], depth: usize) -> bool {
        if let Some(format) = PackedFormat::of(bytes) {
            if bytes.len() <= MAX_EXPECTED {
                self.missed(UnreadReason::Format(format));
            }
            return true;
        }
        let Some(format) = self.formats.iter().find(|format| (format.is)(bytes)) else {
            return false;
        };
        if depth > MAX_NESTED {
            self.missed(UnreadReason::Depth);
            return true;
        }
        (format.open)(self, bytes, depth)
    }

    /// Searches what was taken out of an archive: it may be another one.
    pub(super) fn content(&mut self, bytes: &[u8], depth: usize) {
        if !self.archive(bytes, depth) {
            let place = self.place();
            self.text(bytes, &place);
        }
    }

    /// The same for an entry with a name.
    pub(super) fn entry(&mut self, name: &[u8], bytes: &[u8], depth: usize) {
        self.names.push(name.to_owned());
        self.content(bytes, depth);
        self.names.pop();
    }

    /// Searches bytes that are no archive. No text has a NUL, so that what is around NULs is read as one.
    pub(super) fn text(&mut self, bytes: &[u8], place: &str) {
        let found = if let Some(text) = encoding::utf16(bytes) {
            (self.scan_text)(text.as_bytes())
        } else if memchr::memchr(0, bytes).is_some() {
            let text: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
            (self.scan_text)(&text)
        } else {
            (self.scan_text)(bytes)
        };
        self.hits.extend(found.into_iter().map(|hit| Hit {
            what: format!("{}, {place}", hit.what),
            ..hit
        }));
    }

    /// Reads as far as the budget goes, and whether that was all. What was read before an error is worth a look.
    pub(super) fn read(&mut self, reader: impl Read) -> (Vec<u8>, bool) {
        let mut bytes = Vec::new();
        let result = reader.take(self.bytes_left + 1).read_to_end(&mut bytes);
        let too_large = bytes.len() as u64 > self.bytes_left;
        if too_large {
            bytes.truncate(usize::try_from(self.bytes_left).unwrap_or(usize::MAX));
            self.missed(UnreadReason::Size);
        } else if result.is_err() {
            self.missed(UnreadReason::Damaged);
        }
        self.bytes_left -= bytes.len() as u64;
        (bytes, result.is_ok() && !too_large)
    }

    /// Takes one entry from the budget, if there is one left.
    pub(super) fn next_entry(&mut self) -> bool {
        match self.entries_left.checked_sub(1) {
            Some(left) => {
                self.entries_left = left;
                true
            }
            None => {
                self.missed(UnreadReason::Entries);
                false
            }
        }
    }

    /// Notes that what is looked at was not read, once for each reason.
    pub(super) fn missed(&mut self, reason: UnreadReason) {
        if self.unread.iter().any(|unread| unread.reason == reason) {
            return;
        }
        // These two are about everything that the file holds.
        let of_file = matches!(reason, UnreadReason::Size | UnreadReason::Entries);
        let entry = (!of_file && !self.names.is_empty()).then(|| self.shown());
        self.unread.push(Unread { entry, reason });
    }

    pub(super) fn place(&self) -> String {
        if self.names.is_empty() {
            "compressed".to_owned()
        } else {
            format!("in the entry `{}`", self.shown())
        }
    }

    /// The names of the entries around what is looked at, the innermost first: `b.env` of `a.tar.gz`. None shows a secret.
    fn shown(&self) -> String {
        let names: Vec<String> = self.names.iter().rev().map(|name| shown(name)).collect();
        names.join("` of `")
    }
}

fn shown(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(span::before(name, 8 * LONGEST_NAME));
    let masked = mask::mask_text(&name);
    let shown: String = masked.chars().take(LONGEST_NAME).collect();
    if shown.len() < masked.len() {
        shown + "…"
    } else {
        shown
    }
}
