//! What goes into a bundle.

use serde::{Deserialize, Serialize};

use crate::run_dir::{AUDIT, DECISION, ENVIRONMENT, HASHES, MANIFEST, REDACTION, REPORT_JSON, REPORT_MARKDOWN};
use gate_text::secrets::{Severity, scan};

/// Files without which nobody could verify a run. They cannot stay behind.
pub(super) const NEEDED: [&str; 8] = [
    MANIFEST,
    DECISION,
    ENVIRONMENT,
    AUDIT,
    HASHES,
    REDACTION,
    REPORT_JSON,
    REPORT_MARKDOWN,
];

/// Endings of documents. Whatever has another one is data.
const DOCUMENTS: [&str; 8] = ["json", "jsonl", "log", "md", "sarif", "sig", "txt", "xml"];
/// More than a person reads; a larger log is data.
const LARGEST: usize = 16 << 20;

/// Why a file stayed behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Its ending is not that of a document.
    NoDocument,
    /// It is no UTF-8 text, or holds NUL characters.
    Binary,
    /// It is larger than 16 MiB.
    TooLarge,
    /// A secret is in it.
    Secret,
    /// No hash of the run covers it.
    NotOfTheRun,
}

impl Why {
    /// In words, continuing "it ".
    pub fn words(self) -> &'static str {
        match self {
            Why::NoDocument => "is not a document",
            Why::Binary => "is binary",
            Why::TooLarge => "is larger than 16 MiB",
            Why::Secret => "contains a secret",
            Why::NotOfTheRun => "is not part of the run",
        }
    }
}

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
