//! The receipt: size and SHA-256 of everything that is handed out, taken before anything is published.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_base::stage::Stage;
use gate_report::Decision;

use crate::files::Recorded;

/// Version of [`Receipt`]; raised when a field is removed or changes its meaning.
pub(crate) const SCHEMA_VERSION: u32 = 1;
/// Its file.
pub(crate) const FILE: &str = "receipt.json";
/// Its envelope.
pub(crate) const ENVELOPE: &str = "receipt.dsse.json";

/// Contents of `receipt.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Version of this file.
    pub schema_version: u32,
    /// Name of the release.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its tag.
    pub tag: String,
    /// Commit that was judged and built.
    pub commit: String,
    /// Digest over the content of the workspace that was judged.
    pub content: String,
    /// SHA-256 of the policy.
    pub policy_sha256: Option<String>,
    /// The stage that was judged.
    pub stage: Stage,
    /// What was decided.
    pub decision: Decision,
    /// The run that decided.
    pub run_id: String,
    /// SHA-256 of the run's `decision.json`.
    pub decision_sha256: String,
    /// Packages in the order in which they are published.
    pub packages: Vec<String>,
    /// Files that were built elsewhere and handed to the release, sorted by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attached: Vec<String>,
    /// Everything else in the directory, sorted by path.
    pub files: Vec<Recorded>,
}
