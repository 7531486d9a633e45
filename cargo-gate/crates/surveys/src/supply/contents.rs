//! Files of a database as an archive or a directory gives them: not yet parsed.

use serde::{Deserialize, Serialize};

use super::advisory::one_line;

/// A file of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Path from the top of the database, `crates/<package>/<id>.md`.
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
}

/// A file that was left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Skipped {
    /// Its path in the database.
    pub path: String,
    /// Why.
    pub why: String,
}

impl Skipped {
    pub(super) fn new(path: &str, why: impl Into<String>) -> Self {
        Self {
            path: one_line(path),
            why: why.into(),
        }
    }
}

/// What an archive or a directory holds.
#[derive(Debug, Default)]
pub struct Contents {
    /// Advisories, in any order.
    pub(super) entries: Vec<Entry>,
    /// What was refused.
    pub(super) skipped: Vec<Skipped>,
}
