//! History: one line per run, each chained to the one before.

use serde::{Deserialize, Serialize};

use crate::report::Decision;
use crate::stage::Stage;

/// All runs of a workspace, oldest first.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Entries, oldest first.
    pub entries: Vec<HistoryEntry>,
    /// What is wrong with the history file, if anything: an unparsable line, a broken chain.
    pub damage: Option<String>,
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// Id of the run and name of its directory.
    pub run_id: String,
    /// When it started, RFC 3339 in UTC.
    pub started: String,
    /// Its stage.
    pub stage: Stage,
    /// Its decision.
    pub decision: Decision,
    /// Digest of the content that was judged.
    pub content: String,
    /// Commit that was checked out.
    pub commit: Option<String>,
    /// Whether the work tree differed from the commit.
    pub dirty: bool,
    /// Chain hash of the run: SHA-256 over the previous chain hash and the hashes of all files of the run.
    pub chain: String,
}
