//! One file: bytes in, sites out. Total over all bytes.

use std::borrow::Cow;

use memchr::{memchr_iter, memrchr};

use super::items::{self, Found, RawSite};
use super::site::{FileScan, Site};
use super::tokens::Tokens;
use super::{prefilter, safety};

/// How much of a file is of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Sites; out-of-line modules only where a `#[path]` makes them reachable from anywhere.
    Sites,
    /// Sites and out-of-line modules.
    Modules,
}

/// Largest file that is read, in bytes. rustc's own limit is 4 GiB; nobody writes half of this by hand.
pub const MAX_FILE: usize = 256 << 20;

/// Scans one file. Bytes that are not UTF-8 are read as replacement characters, which no site is made of; a file
/// larger than [`MAX_FILE`] is cut off there.
pub fn scan_file(bytes: &[u8], depth: Depth) -> FileScan {
    let bytes = &bytes[..bytes.len().min(MAX_FILE)];
    let paths = prefilter::may_hold_path_attribute(bytes);
    let wants_mods = depth == Depth::Modules || paths;
    let boundary = prefilter::may_hold_boundary(bytes);
    if !boundary && !wants_mods {
        return FileScan::default();
    }
    let text = source_text(bytes);
    let tokens = Tokens::new(&text);
    boundaries_of(&tokens, items::parse(&tokens), wants_mods)
}

/// Scans a text that was lexed, for out-of-line modules too.
pub fn scan_tokens(tokens: &Tokens<'_>) -> FileScan {
    boundaries_of(tokens, items::parse(tokens), true)
}

/// The text of a source file without byte order mark: no more than [`MAX_FILE`] bytes, with replacement characters for
/// what is not UTF-8.
pub fn source_text(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = &bytes[..bytes.len().min(MAX_FILE)];
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // Asked first whether it is UTF-8, as nearly all files are, the standard library looks at many bytes at a time.
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// What was found, with places.
pub fn boundaries_of(tokens: &Tokens<'_>, found: Found, wants_mods: bool) -> FileScan {
    let Found { mut sites, mods } = found;
    // Attributes are read before what they stand on.
    sites.sort_by_key(|site| site.token);
    let mut place = Place::new(tokens.text);
    FileScan {
        sites: sites.into_iter().map(|site| finish(tokens, &mut place, site)).collect(),
        mods: wants_mods.then_some(mods),
    }
}

fn finish(tokens: &Tokens<'_>, place: &mut Place<'_>, site: RawSite) -> Site {
    let start = tokens.all[site.token].start as usize;
    let (line, column) = place.of(start);
    Site {
        kind: site.kind,
        line,
        column,
        length: tokens.text_of(site.token).chars().count() as u32,
        safety: safety::judge(tokens, site.kind, site.token),
        item: site.item,
        in_macro: site.in_macro,
        test: site.test,
    }
}

/// Turns ascending byte offsets into lines and columns.
#[derive(Clone, Copy)]
pub struct Place<'s> {
    text: &'s str,
    counted_to: usize,
    line: u32,
}

impl<'s> Place<'s> {
    pub(crate) fn new(text: &'s str) -> Self {
        Self {
            text,
            counted_to: 0,
            line: 1,
        }
    }

    /// 1-based line and column (in characters) of an offset not before the last one asked for.
    pub fn of(&mut self, offset: usize) -> (u32, u32) {
        let bytes = self.text.as_bytes();
        self.line += memchr_iter(b'\n', &bytes[self.counted_to..offset]).count() as u32;
        self.counted_to = offset;
        let line_start = memrchr(b'\n', &bytes[..offset]).map_or(0, |newline| newline + 1);
        (self.line, self.text[line_start..offset].chars().count() as u32 + 1)
    }
}
