//! The predicate of decisions: what `cargo gate` decided about the content that an artifact was built from.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_base::stage::Stage;
use gate_report::{Bound, Decision};

/// What was decided about the content that the subjects of a statement were built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "cargo gate decision, version 1")]
pub struct DecisionPredicate {
    /// The stage that was judged.
    pub stage: Stage,
    /// What was decided.
    pub decision: Decision,
    /// Declared deployment scope of the stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Commit that was judged and built.
    pub commit: String,
    /// BLAKE3 digest over paths and contents of all files of the workspace.
    pub content: String,
    /// SHA-256 of `gate.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_sha256: Option<String>,
    /// Digest of the list of checks.
    pub catalogue_sha256: String,
    /// Surfaces outside the claim.
    pub bounds: Vec<Bound>,
    /// Number of checks with a waiver.
    pub waived_checks: u32,
    /// The run.
    pub run: RunReference,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunReference {
    /// Its id.
    pub id: String,
    /// When it started, RFC 3339 in UTC.
    pub started: String,
    /// Its chain hash, which `cargo gate verify --head` takes.
    pub chain: String,
    /// SHA-256 of its `decision.json`.
    pub decision_sha256: String,
    /// SHA-256 of its `report.json`.
    pub report_sha256: String,
}

/// JSON Schema of the predicate, as `docs/schema/decision-predicate.schema.json` publishes it.
///
/// # Panics
/// Never: a schema has string keys.
#[cfg(feature = "schema")]
pub fn schema() -> String {
    let schema = schemars::schema_for!(DecisionPredicate);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema has string keys");
    text.push('\n');
    text
}
