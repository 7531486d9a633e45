//! Verification of run directories and of the history.
//!
//! Everything is hashed again: an edit of any byte, a removed or added file, a swapped, reordered or truncated history
//! is found because something no longer fits something else. Each run names the chain hash of the one before, so the
//! chain hash of the newest run stands for all of them.
//!
//! Anyone who can rewrite all files of a gate directory can make them fit again, and anyone who removes the newest runs with
//! their history lines and moves `latest` leaves an older, sound state behind. An anchor shows both: the chain hash that a run
//! prints, kept elsewhere and passed with `--head`. Hashes show that a report was not altered, not who made it.

mod chain;
mod derived;
mod problem;
mod run;
mod unpacked;

use std::path::{Path, PathBuf};

use serde::Serialize;

use gate_base::error::{Error, Result};

use super::history::{History, HistoryEntry};
use super::own;
use super::signature::{self, Signature};
use crate::record::{DECISION, DecisionRecord, SIGNATURE};
use gate_base::stage::Stage;
use gate_policy::Policy;
use gate_policy::authority::Approvers;

pub use problem::{Problem, ProblemKind, Status};

pub(super) use chain::{read_latest, unrecorded};
use derived::derived;

/// What verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// The answer.
    pub status: Status,
    /// Everything that does not fit, sorted by file.
    pub problems: Vec<Problem>,
    /// Number of run directories that were hashed again.
    pub runs_checked: usize,
    /// Whether the history was checked too; a run directory that was copied elsewhere has none.
    pub history_checked: bool,
    /// Whether the decision of the run that was named, or of the newest one, is signed; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// Chain hash of the newest run (or of the single run that was checked), as the files say.
    pub head: Option<String>,
}

impl Verification {
    /// What to do about the answer; nothing where everything fits. It never tells the user to write hashes again: they are written
    /// once, with the decision, and to write them again would make what was altered look whole.
    pub fn remedy(&self) -> Option<&'static str> {
        let all = |kind| self.problems.iter().all(|problem| problem.kind == kind);
        match self.status {
            Status::Verified => None,
            Status::Tampered => Some(
                "keep this directory for the investigation, and run the gate in another one: `cargo gate pilot \
                 --target-dir <directory>`",
            ),
            Status::Incomplete if self.runs_checked == 0 => Some("cargo gate pilot"),
            Status::Incomplete if all(ProblemKind::NoAudit) => {
                Some("`cargo gate evidence ready --run <run> --audit` adds the audit")
            }
            Status::Incomplete if all(ProblemKind::Unsigned) => {
                Some("have an authority sign it: `cargo gate evidence sign <run> --key <file>`")
            }
            Status::Incomplete if all(ProblemKind::Interrupted) => {
                Some("the next run completes it: `cargo gate pilot`")
            }
            Status::Incomplete if all(ProblemKind::NewerVersion) => {
                Some("verify it with the version that wrote it, or a later one")
            }
            Status::Incomplete => Some(
                "restore the missing files from a copy of the run, or run the gate in another directory: `cargo gate \
                 pilot --target-dir <directory>`; the hashes of a run are never recomputed",
            ),
        }
    }
}

impl History {
    /// Whether the run directory behind an entry is whole, is the one the entry speaks of, and follows the entry before
    /// it, and whether this machine made it or enough of those who may sign did.
    ///
    /// # Errors
    /// Why the entry cannot be relied on, as one sentence.
    pub fn verified_entry(&self, entry: &HistoryEntry, approvers: &Approvers) -> std::result::Result<(), String> {
        let gate_dir = self.gate_dir.as_deref().ok_or("the history was not read from disk")?;
        let position = self
            .entries
            .iter()
            .position(|other| other == entry)
            .ok_or("the entry is not part of the history")?;
        chain::entry(gate_dir, &self.entries[..position], entry)?;
        if own::is_marked(gate_dir, &entry.run_id, &entry.chain) {
            return Ok(());
        }
        self.signed_entry(entry, approvers)
            .map_err(|reason| format!("another machine made it, and {reason}"))
    }
}

impl History {
    /// Whether enough of those who may sign signed the decision behind an entry.
    ///
    /// # Errors
    /// Why it does not count, as one sentence.
    pub fn signed_entry(&self, entry: &HistoryEntry, approvers: &Approvers) -> std::result::Result<(), String> {
        let gate_dir = self.gate_dir.as_deref().ok_or("the history was not read from disk")?;
        let directory = gate_dir.join("runs").join(&entry.run_id);
        match signature::read(&directory, approvers).map_err(|error| error.message)? {
            Signature::Absent => Err("its decision is not signed".to_owned()),
            Signature::Invalid { reason } => Err(format!("its signature {reason}")),
            signature @ Signature::Partial { .. } => Err(format!("its decision {}", signature.lack())),
            signature if signature.counts() => Ok(()),
            Signature::Valid { .. } => Err("its signature is not by a declared authority".to_owned()),
        }
    }
}

/// Verifies the history and all its runs, or one run.
///
/// `run` is a run id, `latest`, or the path of a run directory; a path outside `gate_dir` is checked by itself.
/// `expected_head` is a chain hash kept elsewhere: the run that printed it must still be part of the history.
///
/// # Errors
/// I/O errors other than absence (exit 3: nothing is known then), and a `run` that does not exist (usage).
pub fn verify(gate_dir: &Path, run: Option<&str>, expected_head: Option<&str>) -> Result<Verification> {
    verify_signed(gate_dir, run, expected_head, &Signers::default())
}

/// Whose signature a decision must have.
#[derive(Debug, Clone, Default)]
pub struct Signers {
    /// Whose signatures count, and how many; with any keys, a signature by another one does not count.
    pub approvers: Approvers,
    /// Decisions for this stage and later ones that say READY must be signed.
    pub required_from: Option<Stage>,
}

impl Signers {
    /// Those that a policy declares.
    pub fn of(policy: &Policy) -> Self {
        let decisions = policy.decisions.as_ref();
        Self {
            approvers: policy.approvers(),
            required_from: decisions.and_then(|decisions| decisions.require_signature),
        }
    }

    /// Whether the decision in a run directory is signed, and what is wrong with that where the run is asked for.
    fn judge(&self, directory: &Path, label: &str, asked: bool) -> Result<(Signature, Option<Problem>)> {
        let signature = signature::read(directory, &self.approvers)?;
        let file = match label {
            "" => SIGNATURE.to_owned(),
            label => format!("{label}/{SIGNATURE}"),
        };
        let problem = match &signature {
            Signature::Invalid { reason } => {
                let message = format!("the signature of the decision {reason}");
                Some(Problem::new(ProblemKind::WrongSignature, file, message))
            }
            _ if !asked || signature.counts() => None,
            _ => {
                let bytes = std::fs::read(directory.join(DECISION)).unwrap_or_default();
                let record = serde_json::from_slice::<DecisionRecord>(&bytes).ok();
                let required = record.filter(|record| {
                    record.decision.is_ready() && self.required_from.is_some_and(|first| record.stage >= first)
                });
                required.map(|record| {
                    let (stage, lack) = (record.stage, signature.lack());
                    let message = format!("decisions for {stage} must be signed, but this one {lack}");
                    Problem::new(ProblemKind::Unsigned, file, message)
                })
            }
        };
        Ok((signature, problem))
    }
}

/// As [`verify`], and holds signatures of decisions against those who may sign.
///
/// A signature by somebody else is wrong wherever it is found; one that is missing is a problem of the run that is named.
///
/// # Errors
/// As [`verify`].
pub fn verify_signed(
    gate_dir: &Path,
    run: Option<&str>,
    expected_head: Option<&str>,
    signers: &Signers,
) -> Result<Verification> {
    let mut signature = None;
    let mut wrong = Vec::new();
    let (mut problems, runs_checked, history_checked, chains) = match run {
        None => {
            let checked = chain::all(gate_dir)?;
            for run_id in &checked.run_ids {
                let label = format!("runs/{run_id}");
                let (found, problem) = signers.judge(&gate_dir.join(&label), &label, false)?;
                signature = Some(found);
                wrong.extend(problem);
            }
            (checked.problems, checked.runs, true, checked.chains)
        }
        Some(name) => match place(gate_dir, name)? {
            Place::Inside(run_id) => {
                let checked = chain::one(gate_dir, &run_id)?;
                let label = format!("runs/{run_id}");
                let (found, problem) = signers.judge(&gate_dir.join(&label), &label, true)?;
                signature = Some(found);
                wrong.extend(problem);
                (checked.problems, checked.runs, true, checked.chains)
            }
            Place::Outside => {
                let checked = run::check(Path::new(name), "")?;
                let (found, problem) = signers.judge(Path::new(name), "", true)?;
                signature = Some(found);
                wrong.extend(problem);
                let chains = checked.facts.map(|facts| facts.hashes.chain).into_iter().collect();
                let problems = unpacked::unpacked(Path::new(name), checked.problems)?;
                (problems, 1, false, chains)
            }
        },
    };
    problems.extend(wrong);
    let concluded = conclude(problems, runs_checked, history_checked, &chains, expected_head);
    Ok(Verification { signature, ..concluded })
}

fn conclude(
    mut problems: Vec<Problem>,
    runs_checked: usize,
    history_checked: bool,
    chains: &[String],
    expected_head: Option<&str>,
) -> Verification {
    if let Some(anchor) = expected_head
        && !chains.iter().any(|chain| chain.eq_ignore_ascii_case(anchor.trim()))
    {
        let message = format!(
            "no run has the chain hash {}: the run that printed it was removed or altered",
            anchor.trim()
        );
        problems.push(Problem::new(ProblemKind::AnchorMissing, "history.jsonl", message));
    }
    problems.sort();
    // A missing file is noticed when files are listed and again when it is read; the first message says more, and sorts last.
    problems.dedup_by(|later, first| {
        let twice =
            later.file == first.file && (later.kind, first.kind) == (ProblemKind::Missing, ProblemKind::Missing);
        if twice {
            std::mem::swap(&mut later.message, &mut first.message);
        }
        twice || later == first
    });
    Verification {
        status: problems
            .iter()
            .map(|problem| problem.kind.status())
            .max()
            .unwrap_or(Status::Verified),
        problems,
        runs_checked,
        history_checked,
        signature: None,
        head: chains.last().cloned(),
    }
}

enum Place {
    Inside(String),
    Outside,
}

/// The directory of a run: its id, `latest`, or the path of a run directory.
///
/// # Errors
/// Nothing is called that (usage).
pub fn locate(gate_dir: &Path, name: &str) -> Result<PathBuf> {
    Ok(match place(gate_dir, name)? {
        Place::Inside(run_id) => gate_dir.join("runs").join(run_id),
        Place::Outside => PathBuf::from(name),
    })
}

fn place(gate_dir: &Path, name: &str) -> Result<Place> {
    let runs = gate_dir.join("runs");
    if name == crate::record::LATEST {
        return read_latest(&runs)
            .map(Place::Inside)
            .ok_or_else(|| Error::usage("no run to verify").with_help("cargo gate pilot"));
    }
    if crate::record::is_plain_path(name) && !name.contains('/') && runs.join(name).is_dir() {
        return Ok(Place::Inside(name.to_owned()));
    }
    let path = Path::new(name);
    if !path.is_dir() {
        let known = chain::known(gate_dir, name);
        return known.map(Place::Inside).ok_or_else(|| {
            Error::usage(format!("`{name}` is neither a run nor a run directory"))
                .with_help("cargo gate evidence history")
        });
    }
    let real = path.canonicalize().map_err(|error| Error::io("read", path, &error))?;
    match (runs.canonicalize(), real.file_name().and_then(|name| name.to_str())) {
        (Ok(runs), Some(run_id)) if real.parent() == Some(&runs) => Ok(Place::Inside(run_id.to_owned())),
        _ => Ok(Place::Outside),
    }
}

#[cfg(test)]
mod tests;
