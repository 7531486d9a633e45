//! Taking secrets out of text.

use std::borrow::Cow;

use super::kind::{Kind, Severity};
use super::position::Positions;
use super::{Hit, HomePath, TextScan, automaton, encoding, private_key, span};

/// What stands in the place of a home directory.
const HOME: &str = "[redacted home]";
const BEGIN: &[u8] = b"[redacted ";

/// A place from which something was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Name of the kind: that of a [`Kind`], or `home`.
    pub kind: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// The text with every secret of high severity replaced by `[redacted <kind>]`, and every home directory by
/// `[redacted home]`; with what was found. A NUL makes nothing of it anything but text: NULs are left out, and UTF-16 becomes
/// UTF-8.
pub fn mask(bytes: &[u8]) -> (Cow<'_, [u8]>, TextScan) {
    if let Some(text) = encoding::utf16(bytes) {
        let (masked, found) = mask(text.as_bytes());
        return (Cow::Owned(masked.into_owned()), found);
    }
    if memchr::memchr(0, bytes).is_some() {
        let text: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
        let (masked, found) = mask(&text);
        return (Cow::Owned(masked.into_owned()), found);
    }
    let mut found = automaton::scan_to_mask(bytes);
    found.hits.retain(|hit| hit.kind.severity() == Severity::High);
    if found.hits.is_empty() && found.homes.is_empty() {
        return (Cow::Borrowed(bytes), found);
    }
    (Cow::Owned(replaced(bytes, &found)), found)
}

/// The bytes with marks in place of what was found.
fn replaced(bytes: &[u8], found: &TextScan) -> Vec<u8> {
    let secrets = found.hits.iter().map(|Hit { span, kind, .. }| (span, marker(*kind)));
    let homes = found.homes.iter().map(|HomePath { span, .. }| (span, HOME.to_owned()));
    let mut parts: Vec<_> = secrets.chain(homes).collect();
    parts.sort_by_key(|(span, _)| span.start);
    let mut masked = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for (span, marker) in parts {
        if let Some(between) = bytes.get(at..span.start) {
            masked.extend_from_slice(between);
            masked.extend_from_slice(marker.as_bytes());
            at = span.end;
        }
    }
    masked.extend_from_slice(span::from(bytes, at));
    masked
}

/// Text for the person at this machine: secrets are masked, their home directory stays.
pub fn mask_secrets(text: &str) -> Cow<'_, str> {
    let mut found = automaton::scan_to_mask(text.as_bytes());
    found.hits.retain(|hit| hit.kind.severity() == Severity::High);
    if found.hits.is_empty() {
        return Cow::Borrowed(text);
    }
    found.homes.clear();
    Cow::Owned(String::from_utf8_lossy(&replaced(text.as_bytes(), &found)).into_owned())
}

/// The same for text, without what was found.
pub fn mask_text(text: &str) -> Cow<'_, str> {
    match mask(text.as_bytes()).0 {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(masked) => Cow::Owned(String::from_utf8_lossy(&masked).into_owned()),
    }
}

/// Masks text that comes line by line, and so may hold a key that no line shows as a whole.
#[derive(Debug, Default)]
pub struct LineMasker {
    in_key: bool,
}

impl LineMasker {
    /// The next line without its secrets.
    pub fn line<'l>(&mut self, line: &'l str) -> Cow<'l, str> {
        let key = || Cow::Owned(marker(Kind::PrivateKey));
        if self.in_key {
            let last = line.contains("END");
            self.in_key = !last && private_key::is_line_of_key(line.as_bytes());
            if last || self.in_key {
                return key();
            }
        }
        let masked = mask_text(line);
        if line.contains("PRIVATE KEY") && line.contains("BEGIN") {
            self.in_key = !line.contains("END");
        }
        masked
    }
}

/// The text with a `*` in place of every character of a secret of high severity: lines and columns stay where they are.
pub fn blank(text: &str) -> Cow<'_, str> {
    let mut hits = automaton::scan_to_mask(text.as_bytes()).hits;
    hits.retain(|hit| hit.kind.severity() == Severity::High);
    if hits.is_empty() {
        return Cow::Borrowed(text);
    }
    hits.sort_by_key(|hit| hit.span.start);
    let mut hits = hits.iter().map(|hit| &hit.span).peekable();
    let mut blanked = String::with_capacity(text.len());
    // Where the secrets that began before end: they may overlap.
    let mut end = 0;
    for (at, character) in text.char_indices() {
        while let Some(span) = hits.next_if(|span| span.start <= at) {
            end = end.max(span.end);
        }
        let secret = at < end && !character.is_whitespace();
        blanked.push(if secret { '*' } else { character });
    }
    Cow::Owned(blanked)
}

fn marker(kind: Kind) -> String {
    format!("[redacted {}]", kind.name())
}

/// From where something was taken.
pub fn markers(bytes: &[u8]) -> Vec<Marker> {
    let mut positions = Positions::new(bytes);
    memchr::memmem::find_iter(bytes, BEGIN)
        .filter_map(|at| {
            let rest = span::before(span::from(bytes, at + BEGIN.len()), 24);
            let name = rest.split(|byte| *byte == b']').next()?;
            let name = std::str::from_utf8(name).ok().filter(|name| name.len() < rest.len())?;
            let known = name == "home" || Kind::named(name).is_some();
            let (line, column) = positions.of(at);
            known.then(|| Marker {
                kind: name.to_owned(),
                line,
                column,
            })
        })
        .collect()
}
