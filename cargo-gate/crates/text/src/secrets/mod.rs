//! Secrets in text: keys, tokens and passwords, found by the formats that their vendors publish and by how random their
//! characters are. Pure functions from bytes to [`Hit`]s; what a hit means where it lies is for the checks to say.
//!
//! One automaton looks for all keywords at once, and only what follows a keyword is looked at more closely. A hit says
//! what it is, where it is and which digest it has; the secret itself leaves this module only where the caller holds
//! it anyway, as a range of the bytes that were scanned.

mod alphabet;
mod assignment;
mod automaton;
pub mod cache;
mod checksum;
mod context;
mod documented;
mod encoding;
pub mod file;
mod format;
mod formats;
mod homes;
mod inner;
mod jwt;
mod kind;
mod kubernetes;
mod lanes;
mod mask;
pub mod personal;
mod place;
mod position;
mod private_key;
mod random;
mod span;
pub mod survey;
mod url;

pub use homes::is_nobody;
pub use kind::{Kind, Severity};
pub use mask::{Marker, blank, markers, mask, mask_text};
pub use place::{Place, place};

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// One secret that was found, without the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The kind of secret.
    pub kind: Kind,
    /// What it is, in words: `a GitHub token`.
    pub what: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Length on its first line, in characters.
    pub length: u32,
    /// SHA-256 of the secret, hexadecimal. Of a private key it is that of its characters without white space.
    pub digest: String,
    /// How it may be shown: what is known to everybody, and stars.
    pub masked: String,
    /// Whether a check sum inside the token fits: then nobody made it up.
    pub certain: bool,
    /// Whether it is known by the name that it is assigned to, or by its form alone: it may be somebody's invention.
    pub guessed: bool,
    /// Whether it stands in test code of a Rust source, or in its documentation.
    pub in_test: bool,
    /// Whether it is an assignment without quotes, which means one in files of settings only.
    pub bare: bool,
    /// Which bytes of the text that was scanned are the secret. Not kept.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// A path of somebody's home directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomePath {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The home directory as it is written: `/home/ada`.
    pub text: String,
    /// Which bytes of the text that was scanned it is. Not kept.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// Builds what scanning short texts needs, for which a caller may have time to spare.
pub fn prepare() {
    automaton::prepare();
}

/// Everything in one text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextScan {
    /// Secrets in the order of the text; they do not overlap.
    pub hits: Vec<Hit>,
    /// Home directories in the order of the text.
    pub homes: Vec<HomePath>,
}

/// Finds the secrets in a text. Bytes that are no text (they hold a NUL) have none, but for key stores, which are
/// recognised by how they begin; UTF-16 with a byte order mark is text.
pub fn scan(bytes: &[u8]) -> Vec<Hit> {
    scan_all(bytes).hits
}

/// Finds the secrets and the home directories in a text.
pub fn scan_all(bytes: &[u8]) -> TextScan {
    automaton::scan(bytes)
}

#[cfg(any(test, feature = "testing"))]
#[path = "../../../../../tests/src/planted.rs"]
pub mod planted;
#[cfg(test)]
mod tests;
