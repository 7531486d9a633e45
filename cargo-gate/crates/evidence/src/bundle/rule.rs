//! What goes into a bundle.

use crate::record::bundle::Why;
use gate_text::secrets::{Severity, scan};

/// Endings of documents. Whatever has another one is data.
const DOCUMENTS: [&str; 9] = ["html", "json", "jsonl", "log", "md", "sarif", "sig", "txt", "xml"];
/// More than a person reads; a larger log is data.
const LARGEST: usize = 16 << 20;

/// Why a file may not be handed on; `None` when it may.
pub(super) fn why_not(path: &str, bytes: &[u8]) -> Option<Why> {
    let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.'));
    if !ending.is_some_and(|(_, ending)| DOCUMENTS.contains(&ending)) {
        return Some(Why::NoDocument);
    }
    if bytes.len() > LARGEST {
        return Some(Why::TooLarge);
    }
    if bytes.contains(&0) || std::str::from_utf8(bytes).is_err() {
        return Some(Why::Binary);
    }
    // Values behind names in what this tool writes are its own, such as digests; in logs they are not.
    let is_log = path.contains('/');
    let secret = scan(bytes)
        .iter()
        .any(|hit| hit.kind.severity() == Severity::High && (is_log || !hit.guessed));
    secret.then_some(Why::Secret)
}
