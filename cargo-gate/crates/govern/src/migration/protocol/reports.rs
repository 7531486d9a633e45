//! What a migration leaves for people and programs: the artifact of a dry run, and the record of a cutover or a rollback. Their schemas are
//! published.

use crate::JsonSchema;
use gate_policy::MigrationPolicy;
use serde::{Deserialize, Serialize};

use super::drift::Drift;
use super::history::Content;
use super::machine::{Outcome, Reason, Step};

/// Version of both documents; raised when a field is removed or changes its meaning.
pub(super) const VERSION: u32 = 1;

/// Which way a history moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To the later version.
    Forward,
    /// To the earlier version.
    Back,
}

impl Direction {
    /// Source and target version.
    pub(super) fn versions(self, policy: &MigrationPolicy) -> (u32, u32) {
        match self {
            Self::Forward => (policy.from, policy.to),
            Self::Back => (policy.to, policy.from),
        }
    }
}

/// Whether something is as a migration needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// Whether it is.
    pub ok: bool,
    /// What was seen.
    pub detail: String,
}

impl Verdict {
    pub(super) fn ok(detail: impl Into<String>) -> Self {
        Self {
            ok: true,
            detail: detail.into(),
        }
    }

    pub(super) fn wrong(detail: impl Into<String>) -> Self {
        Self {
            ok: false,
            detail: detail.into(),
        }
    }

    pub(super) fn of(result: Result<String, Reason>) -> Self {
        result.map_or_else(Self::wrong, Self::ok)
    }
}

/// What is checked before anything is migrated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Preflight {
    /// The history is of the version that the migration starts from.
    pub from_valid: Verdict,
    /// The version that the migration leads to is not one that the history has already.
    pub to_valid: Verdict,
    /// Every declared command exists on this machine.
    pub migration_exists: Verdict,
    /// A migration leads to a later version, a rollback to an earlier one.
    pub version_forward: Verdict,
    /// Every line of the history is a JSON object, and the last one is complete.
    pub history_integrity: Verdict,
    /// Replaying the history twice leads to the same state.
    pub replay_verification: Verdict,
}

impl Preflight {
    /// The checks by name, in the order of the schema.
    pub fn checks(&self) -> [(&'static str, &Verdict); 6] {
        [
            ("from_valid", &self.from_valid),
            ("to_valid", &self.to_valid),
            ("migration_exists", &self.migration_exists),
            ("version_forward", &self.version_forward),
            ("history_integrity", &self.history_integrity),
            ("replay_verification", &self.replay_verification),
        ]
    }

    /// The first check that failed.
    pub(super) fn problem(&self) -> Option<Reason> {
        let (name, verdict) = self.checks().into_iter().find(|(_, verdict)| !verdict.ok)?;
        Some(format!("{name}: {}", verdict.detail))
    }
}

/// What a dry run found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Dry run of a migration, version 1")]
pub struct DryRun {
    /// Version of this format.
    pub version: u32,
    /// When the dry run ended, RFC 3339 in UTC.
    pub generated_at: String,
    /// Name of the migration and its two versions.
    pub migration_id: String,
    /// Whether it is a migration or the way back.
    pub direction: Direction,
    /// Whether a cutover could begin.
    pub ok: bool,
    /// Number of events of the history.
    pub source_events: u64,
    /// SHA-256 of the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_sha256: Option<String>,
    /// Number of events of the migrated history.
    pub migrated_events: u64,
    /// SHA-256 of the migrated history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrated_sha256: Option<String>,
    /// What was checked before.
    pub preflight: Preflight,
    /// Migrating twice gives the same events, and others than before.
    pub migration: Verdict,
    /// Replaying leads to the same state in both versions; absent without `replay`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Verdict>,
    /// The opposite way gives the history back, byte for byte; absent without `inverse`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inverse: Option<Verdict>,
    /// Whether the invariants could be compared and none is newly violated; absent without `invariants`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invariants: Option<Verdict>,
    /// What changes about the violated invariants.
    pub drift: Drift,
}

impl DryRun {
    /// The first reason why no cutover could begin.
    pub(super) fn problem(&self) -> Option<Reason> {
        let verdicts = [
            Some(&self.migration),
            self.inverse.as_ref(),
            self.state.as_ref(),
            self.invariants.as_ref(),
        ];
        let failed = || {
            let wrong = verdicts.into_iter().flatten().find(|verdict| !verdict.ok);
            wrong.map(|verdict| verdict.detail.clone())
        };
        self.preflight.problem().or_else(failed)
    }
}

/// What a cutover or a rollback did, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Cutover of a migration, version 1")]
pub struct Move {
    /// Version of this format.
    pub version: u32,
    /// Name of the migration and its two versions.
    pub migration_id: String,
    /// Whether it is a migration or the way back.
    pub direction: Direction,
    /// Version of the history before.
    pub from: u32,
    /// Version of the history that it leads to.
    pub to: u32,
    /// How it ended; absent while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// When everything that writes had stopped, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<String>,
    /// When the migrated history had been judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<String>,
    /// When the history was the migrated one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switched_at: Option<String>,
    /// When everything that writes ran again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed_at: Option<String>,
    /// The history while it was paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Content>,
    /// The migrated history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Content>,
    /// File that keeps the history as it was, next to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
    /// Whether another process finished it after a kill.
    pub recovered: bool,
    /// What failed, in order.
    pub problems: Vec<Problem>,
}

/// A step that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// The step.
    pub step: Step,
    /// Why.
    pub reason: String,
}

/// Why a move was not begun.
#[derive(Debug)]
pub struct Refused {
    /// What the dry run found.
    pub dry_run: DryRun,
    /// Why there was no cutover.
    pub problems: Vec<Problem>,
}

/// JSON Schema of the artifact of a dry run, as `docs/schema/migration-dry-run.schema.json` publishes it.
#[cfg(feature = "schema")]
pub fn dry_run_schema() -> String {
    text(&schemars::schema_for!(DryRun))
}

/// JSON Schema of the record of a cutover, as `docs/schema/migration-cutover.schema.json` publishes it.
#[cfg(feature = "schema")]
pub fn cutover_schema() -> String {
    text(&schemars::schema_for!(Move))
}

#[cfg(feature = "schema")]
fn text(schema: &schemars::Schema) -> String {
    let mut text = serde_json::to_string_pretty(schema).expect("a schema has string keys");
    text.push('\n');
    text
}
