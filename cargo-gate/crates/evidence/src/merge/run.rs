//! What is kept of a run that was put together with others.

use serde::{Deserialize, Serialize};

use gate_report::{Decision, Partition};

/// One of the runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedRun {
    /// Its machine: operating system and architecture, and a number where several runs are of one platform.
    pub machine: String,
    /// Target triple of its compiler, where it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Id of the run.
    pub run_id: String,
    /// When it started, RFC 3339 in UTC.
    pub started: String,
    /// The share of the suites that it ran; absent if it ran all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<Partition>,
    /// What it decided.
    pub decision: Decision,
    /// Digest of the files of its workspace; absent if they could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Chain hash, which stands for every byte of the run.
    pub chain: String,
    /// Who signed its decision, or the fingerprint of the key where no authorities are declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
}

impl MergedRun {
    /// Whether it is one of several shards, which is never ready alone.
    pub fn is_shard(&self) -> bool {
        self.partition.is_some_and(Partition::is_partial)
    }
}
