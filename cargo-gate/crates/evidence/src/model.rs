//! What a check left behind, as the store keeps it.

use serde::{Deserialize, Serialize};

use gate_base::digest::Digest;
use gate_report::{Finding, Reason, SuiteResult};

/// What a check left behind, stored under the fingerprint of everything it read. It does not depend on the stage:
/// findings carry the stage at which they block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Id of the check.
    pub check: String,
    /// Fingerprint it is stored under.
    pub fingerprint: Digest,
    /// What the rule said.
    pub result: EvidenceResult,
    /// What a suite did.
    pub suite: Option<SuiteResult>,
    /// Logs and other files: name inside the run directory (`suites/<name>.log`) and digest in the store.
    pub files: Vec<EvidenceFile>,
    /// When it was made, RFC 3339 in UTC.
    pub recorded: String,
    /// Wall time it took to make, in milliseconds.
    pub duration_ms: u64,
    /// Commit that was checked out.
    pub commit: Option<String>,
    /// What a build read that the fingerprint does not hold. The evidence counts only as long as it is the same.
    pub reads: Vec<Read>,
}

/// Something outside the fingerprint that a build read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// A file, or a directory with all that is in it.
    File {
        /// Absolute path.
        path: String,
        /// Digest of names and contents.
        digest: Digest,
    },
    /// An environment variable.
    Variable {
        /// Its name.
        name: String,
        /// Digest of its value; `None` where it is not set.
        digest: Option<Digest>,
    },
}

impl Evidence {
    /// Whether it holds a finding that blocks any stage.
    pub fn blocks_somewhere(&self) -> bool {
        matches!(&self.result, EvidenceResult::Findings(findings)
            if findings.iter().any(|finding| finding.blocks_at.is_some()))
    }
}

/// What a rule said, in stored form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceResult {
    /// The rule was carried out.
    Findings(Vec<Finding>),
    /// The evidence could not be had. Never reused.
    NotRun(Reason),
    /// The evidence allows no judgement.
    Inconclusive(Reason),
    /// The tool failed while judging. Never reused.
    Error(Reason),
}

/// A file that belongs to evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceFile {
    /// Path inside a run directory, `/`-separated.
    pub path: String,
    /// Digest of its bytes, its key in the store.
    pub digest: Digest,
    /// Size in bytes.
    pub size: u64,
}
