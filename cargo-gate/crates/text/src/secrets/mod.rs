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
mod commands;
mod context;
mod documented;
mod eager;
mod encoding;
pub mod file;
mod format;
mod formats;
mod headers;
mod hit;
mod homes;
mod inner;
mod jwt;
mod kind;
mod kubernetes;
mod lanes;
mod mask;
mod masked;
mod packed;
pub mod personal;
mod place;
mod position;
mod private_key;
mod random;
mod scan;
mod siblings;
mod span;
pub mod survey;
mod unread;
mod url;

pub use hit::{Hit, HomePath, TextScan};
pub use homes::is_nobody;
pub use kind::{Kind, Severity};
pub use mask::{LineMasker, Marker, blank, markers, mask, mask_secrets, mask_text};
pub use masked::Masked;
pub use place::{Place, place};
pub use unread::{PackedFormat, Unread, UnreadReason};

/// Builds what scanning short texts needs, for which a caller may have time to spare.
pub fn prepare() {
    automaton::prepare();
}

/// Finds the secrets in a text. Bytes that are no text (they hold a NUL) have none, but for key stores, which are
/// recognised by how they begin; UTF-16 with a byte order mark is text.
pub fn scan(bytes: &[u8]) -> Vec<Hit> {
    scan_all(bytes).hits
}

/// Finds the secrets and the home directories in a text.
pub fn scan_all(bytes: &[u8]) -> TextScan {
    scan::scan(bytes)
}

#[cfg(test)]
mod masking;
#[cfg(any(test, feature = "testing"))]
#[path = "../../../../../tests/src/planted.rs"]
pub mod planted;
#[cfg(test)]
mod tests;
