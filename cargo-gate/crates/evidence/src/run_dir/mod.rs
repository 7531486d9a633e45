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
//! | `report.json`, `report.md` | the report |
//! | `suites/<name>.log` | output of suites |
//! | `redaction_audit.json` | [`RedactionAudit`]: what a search for secrets found in the other files |
//! | `hashes.json` | [`Hashes`]: SHA-256 of every other file but the signature, chained to the run before |
//! | `decision.sig` | optional, added later: a [signature](super::signature) over the decision and the chain hash |

mod audit;
mod decision;
mod environment;
mod hashes;
mod manifest;
mod redaction;
mod write;

pub use audit::{AuditRecorder, AuditStep};
pub(super) use decision::reasons;
pub use decision::{Blocker, DecidedCheck, DecidedEvidence, DecisionRecord, Recorded, UsedWaiver, aggregate};
pub use environment::EnvironmentRecord;
pub use hashes::{Hashes, Link};
pub use manifest::{Manifest, ManifestArtifact};
pub use redaction::{RedactionAudit, RedactionFinding, RedactionSummary};
pub use write::{Recovery, Runs, Written};

use std::path::Path;

use serde::Serialize;

use gate_report::Report;

/// Version of the files of a run directory; raised when a field is removed or changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const DECISION: &str = "decision.json";
pub(super) const ENVIRONMENT: &str = "environment.json";
pub(super) const AUDIT: &str = "audit.jsonl";
pub(super) const REPORT_JSON: &str = "report.json";
pub(super) const REPORT_MARKDOWN: &str = "report.md";
pub(super) const REDACTION: &str = "redaction_audit.json";
pub(super) const HASHES: &str = "hashes.json";
pub(super) const SIGNATURE: &str = "decision.sig";
pub(super) const LATEST: &str = "latest";

/// Whether anything of a run lies in a directory, however little is left of it.
pub fn holds_run(directory: &Path) -> bool {
    [MANIFEST, DECISION, HASHES]
        .iter()
        .any(|name| directory.join(name).exists())
}

/// Everything a run leaves behind.
#[derive(Debug)]
pub struct RunRecord<'a> {
    /// Id from [`Runs::new_id`].
    pub run_id: &'a str,
    /// The report. Its `chain` is `None`: it becomes known when the run has been written, and the report is one of the
    /// files it covers.
    pub report: &'a Report,
    /// The same report, rendered as JSON.
    pub json: &'a [u8],
    /// The same report, rendered as Markdown.
    pub markdown: &'a [u8],
    /// The command line as argument vector; paths of the user's machine are redacted when it is written.
    pub command: &'a [String],
    /// Digest of the checklist, of the catalogue of built-in checks.
    pub catalogue_sha256: &'a str,
    /// The machine.
    pub environment: &'a EnvironmentRecord,
    /// The steps of the run in order.
    pub audit: &'a [AuditStep],
    /// Logs and other evidence.
    pub files: &'a [RunFile],
}

/// A file of evidence that is kept in the run directory.
#[derive(Debug, Clone)]
pub struct RunFile {
    /// Path inside the run directory, `/`-separated: `suites/<name>.log`.
    pub path: String,
    /// Id of the check that produced it.
    pub check: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The one form in which JSON files of a run directory are written: fields in the order of their types, two spaces of
/// indentation, a final line feed. Verification refuses every other form.
pub(super) fn canonical<T: Serialize>(value: &T) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Whether a path may appear inside a run directory: relative, plain names, nothing that a shell, another operating
/// system or the chain recipe would read differently.
pub(super) fn is_plain_path(path: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    };
    path.len() <= 255 && path.split('/').all(plain)
}

#[cfg(test)]
pub(super) mod fixture;
#[cfg(test)]
mod tests;
