//! Run directories: one evaluation and what it wrote, atomically.
//!
//! A run is written into `runs/.tmp-<id>`, synced, and renamed to `runs/<id>`; then its line is appended to
//! `history.jsonl`; then `runs/latest` is moved. A kill between these steps leaves a state that the next run completes
//! ([`Runs::recover`]) and that [`super::verify`] names. All of it happens under the [lock](super::lock::Lock).
//!
//! | file | contents |
//! | --- | --- |
//! | `manifest.json` | [`Manifest`]: what ran, on what, with which artifacts |
//! | `decision.json` | [`DecisionRecord`]: the decision and everything it rests on |
//! | `environment.json` | [`EnvironmentRecord`]: the machine, without names of people or private paths |
//! | `audit.jsonl` | [`AuditStep`]: one line per step of the run |
//! | `report.json`, `report.md`, `report.html` | the report |
//! | `suites/<name>.log` | output of suites |
//! | `redaction_audit.json` | [`RedactionAudit`]: what a search for secrets found in the other files |
//! | `hashes.json` | [`Hashes`]: SHA-256 of every other file but the signature, chained to the run before |
//! | `decision.sig` | optional, added later: a [signature](super::signature) over the decision and the chain hash |

mod write;

pub use crate::record::{
    AuditRecorder, AuditStep, Blocker, DecidedCheck, DecidedEvidence, DecisionRecord, EnvironmentRecord, Hashes, Link,
    Manifest, ManifestArtifact, Recorded, RedactionAudit, RedactionFinding, RedactionSummary, RunFile, RunRecord,
    SCHEMA_VERSION, UsedWaiver, aggregate, holds_run,
};
pub use write::{Recovery, Runs, Written};

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
