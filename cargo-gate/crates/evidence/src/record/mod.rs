//! The files of a run directory as types; [`crate::run_dir`] says which file is which.

mod audit;
pub(crate) mod bundle;
mod decision;
mod environment;
mod format;
mod hashes;
mod manifest;
mod redaction;
mod run;

pub use audit::{AuditRecorder, AuditStep};
pub(crate) use decision::reasons;
pub use decision::{Blocker, DecidedCheck, DecidedEvidence, DecisionRecord, RanPart, Recorded, UsedWaiver, aggregate};
pub use environment::EnvironmentRecord;
pub(crate) use format::*;
pub use format::{SCHEMA_VERSION, holds_run};
pub use hashes::{Hashes, Link};
pub use manifest::{Manifest, ManifestArtifact};
pub use redaction::{RedactionAudit, RedactionFinding, RedactionSummary};
pub use run::{RunFile, RunRecord};
