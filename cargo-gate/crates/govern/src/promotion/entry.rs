//! A line of the registry.

use serde::{Deserialize, Serialize};

use super::state::{State, Status};

/// Version of the lines; raised when a field is removed or changes its meaning.
pub const SCHEMA_VERSION: u32 = 2;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Version of this line.
    pub schema_version: u32,
    /// Path of the artifact when it was recorded, `/`-separated; relative to the workspace where it lies in it.
    pub artifact: String,
    /// SHA-256 of the artifact, hexadecimal.
    pub artifact_digest: String,
    /// Its size in bytes.
    pub size: u64,
    /// The kernel in the artifact that was promoted; absent where it is the artifact as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// What was decided.
    pub status: Status,
    /// The state it had.
    pub from: State,
    /// The state it has now; of a rejection, the state it was kept from.
    pub to: State,
    /// The release that made it, as name and version; absent for a kernel, which is part of the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The suite that made it, by its id, where no release did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<String>,
    /// Id of the run that it rests on.
    pub run_id: String,
    /// Chain hash of that run, which `cargo gate verify --head` takes.
    pub chain: String,
    /// SHA-256 of the run's `report.json`.
    pub readiness_sha256: String,
    /// SHA-256 of the run's `decision.json`.
    pub decision_sha256: String,
    /// Commit that the run judged.
    pub commit: Option<String>,
    /// Who promoted.
    pub by: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// Why.
    pub reason: String,
    /// SHA-256 of the line before, without its line feed; empty in the first.
    pub previous: String,
}
