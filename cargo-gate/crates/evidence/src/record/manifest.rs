//! `manifest.json`: what ran, on what, with which artifacts.

use serde::{Deserialize, Serialize};

use gate_base::stage::Stage;
use gate_report::{Subject, Tool};

use crate::terms::Terms;

/// Contents of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this file.
    pub schema_version: u32,
    /// Id of the run.
    pub run_id: String,
    /// When the run started, RFC 3339 in UTC.
    pub started: String,
    /// The tool that wrote it.
    pub tool: Tool,
    /// The stage that was asked for.
    pub stage: Stage,
    /// The command line, private paths redacted.
    pub command: Vec<String>,
    /// The workspace; absent when it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// SHA-256 of `gate.toml`; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_sha256: Option<String>,
    /// What it was judged by, as the history repeats it; absent in runs of versions before this was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
    /// Evidence that is kept in the run directory, sorted by path.
    pub artifacts: Vec<ManifestArtifact>,
}

/// A file of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestArtifact {
    /// Path inside the run directory, `/`-separated.
    pub path: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Size in bytes.
    pub size: u64,
    /// Id of the check that produced it.
    pub check: String,
}
