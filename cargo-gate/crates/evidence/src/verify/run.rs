//! One run directory by itself.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::record::{
    AUDIT, AuditStep, Blocker, DECISION, DecisionRecord, ENVIRONMENT, EnvironmentRecord, HASHES, Hashes, MANIFEST,
    Manifest, REDACTION, REPORT_JSON, REPORT_MARKDOWN, RedactionAudit, SCHEMA_VERSION, SIGNATURE, aggregate, canonical,
    is_plain_path, reasons,
};
use crate::signature::{self, Signature};
use crate::terms::Terms;
use gate_base::error::{Error, Result};
use gate_policy::authority::Approvers;
use gate_report::{self, Report};

use super::{Problem, ProblemKind};

/// JSON larger than this is not parsed. Logs are hashed in pieces and may have any size.
const MAX_JSON: u64 = 256 << 20;
/// More files than any run writes.
const MAX_FILES: usize = 100_000;
/// Deeper than any run writes.
const MAX_DEPTH: usize = 8;

/// What is known of a run directory that could be read.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) manifest: Manifest,
    pub(super) decision: DecisionRecord,
    pub(super) hashes: Hashes,
}

/// What came of checking a run directory.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) problems: Vec<Problem>,
    /// Present when manifest, decision and hashes could be read, even if something does not fit.
    pub(super) facts: Option<Facts>,
}

/// Hashes every file of a run directory again and compares what they say. `label` is put before file names in problems.
pub(super) fn check(directory: &Path, label: &str) -> Result<Checked> {
    let mut run = Run {
        directory,
        label,
        problems: Vec::new(),
        sizes: BTreeMap::new(),
        empty: Vec::new(),
    };
    let facts = run.check()?;
    Ok(Checked {
        problems: run.problems,
        facts,
    })
}

struct Run<'a> {
    directory: &'a Path,
    label: &'a str,
    problems: Vec<Problem>,
    /// Regular files by path inside the directory, with their sizes.
    sizes: BTreeMap<String, u64>,
    /// Directories without files.
    empty: Vec<String>,
}

impl Run<'_> {
    fn check(&mut self) -> Result<Option<Facts>> {
        if !self.directory.is_dir() {
            self.problem(ProblemKind::Missing, "", "the run directory does not exist");
            return Ok(None);
        }
        self.list("", 0)?;
        let Some(hashes) = self.hashes()? else {
            return Ok(None);
        };
        self.check_files(&hashes)?;
        if !hashes.files.contains_key(REDACTION) && !self.sizes.contains_key(REDACTION) {
            self.problem(ProblemKind::NoAudit, REDACTION, "no redaction audit performed");
        }
        for name in [MANIFEST, DECISION, ENVIRONMENT, AUDIT] {
            if !hashes.files.contains_key(name) {
                self.problem(
                    ProblemKind::Missing,
                    name,
                    "no hash is recorded for this file, although every run writes it",
                );
            }
        }
        let manifest: Option<Manifest> = self.json(MANIFEST)?;
        let decision: Option<DecisionRecord> = self.json(DECISION)?;
        let environment: Option<EnvironmentRecord> = self.json(ENVIRONMENT)?;
        let (Some(manifest), Some(decision)) = (manifest, decision) else {
            return Ok(None);
        };
        let versions = [
            (MANIFEST, manifest.schema_version),
            (DECISION, decision.schema_version),
            (
                ENVIRONMENT,
                environment.map_or(SCHEMA_VERSION, |environment| environment.schema_version),
            ),
        ];
        for (name, version) in versions {
            self.check_version(name, version, SCHEMA_VERSION);
        }
        self.check_manifest(&manifest, &hashes);
        self.check_decision(&manifest, &decision);
        self.check_report(&manifest, &decision, &hashes)?;
        self.check_audit(&manifest)?;
        self.check_redaction(&manifest, &hashes)?;
        self.check_signature()?;
        Ok(Some(Facts {
            manifest,
            decision,
            hashes,
        }))
    }

    fn problem(&mut self, kind: ProblemKind, file: &str, message: impl Into<String>) {
        let path = match (self.label, file) {
            ("", file) => file.to_owned(),
            (label, "") => label.to_owned(),
            (label, file) => format!("{label}/{file}"),
        };
        self.problems.push(Problem::new(kind, path, message));
    }

    fn failed(&self, file: &str, error: &io::Error) -> Error {
        Error::io("read", self.directory.join(file), error)
    }

    /// Lists regular files; everything else a run directory may hold is a problem.
    fn list(&mut self, prefix: &str, depth: usize) -> Result<()> {
        let directory = self.directory.join(prefix);
        for entry in fs::read_dir(&directory).map_err(|error| self.failed(prefix, &error))? {
            let entry = entry.map_err(|error| self.failed(prefix, &error))?;
            let name = entry.file_name();
            let path = match (prefix, name.to_string_lossy()) {
                ("", name) => name.into_owned(),
                (prefix, name) => format!("{prefix}/{name}"),
            };
            let metadata = entry.metadata().map_err(|error| self.failed(&path, &error))?;
            if name.to_str().is_none() || self.sizes.len() >= MAX_FILES {
                self.problem(ProblemKind::UnlistedFile, &path, "no hash is recorded for this file");
            } else if metadata.is_file() {
                self.sizes.insert(path, metadata.len());
            } else if metadata.is_dir() && depth < MAX_DEPTH {
                let before = self.sizes.len();
                self.list(&path, depth + 1)?;
                if self.sizes.len() == before {
                    self.empty.push(path);
                }
            } else {
                self.problem(
                    ProblemKind::UnlistedFile,
                    &path,
                    "not a file or directory that a run writes",
                );
            }
        }
        Ok(())
    }

    fn hashes(&mut self) -> Result<Option<Hashes>> {
        let Some(bytes) = self.read(HASHES)? else {
            return Ok(None);
        };
        let hashes: Hashes = match serde_json::from_slice(&bytes) {
            Ok(hashes) => hashes,
            Err(error) => {
                self.problem(ProblemKind::Damaged, HASHES, format!("invalid: {error}"));
                return Ok(None);
            }
        };
        if !self.check_version(HASHES, hashes.schema_version, SCHEMA_VERSION) {
            return Ok(None);
        }
        // Nothing covers the bytes of this file but its own form, so unknown fields are refused here.
        if canonical(&hashes).ok().as_deref() != Some(&bytes) {
            self.problem(ProblemKind::NotCanonical, HASHES, "not in canonical form");
        }
        if hashes.expected_chain() != hashes.chain {
            self.problem(
                ProblemKind::BrokenChain,
                HASHES,
                "the chain hash does not follow from the hashes it covers",
            );
        }
        Ok(Some(hashes))
    }

    fn check_files(&mut self, hashes: &Hashes) -> Result<()> {
        let kept = hashes
            .files
            .keys()
            .filter(|name| self.sizes.contains_key(*name))
            .count();
        let there = format!("{kept} of the {} recorded files exist", hashes.files.len());
        for (name, recorded) in &hashes.files {
            if !is_plain_path(name) || name == HASHES {
                self.problem(
                    ProblemKind::Damaged,
                    HASHES,
                    format!("`{name}` is not a valid name of a file of a run"),
                );
            } else if !self.sizes.contains_key(name) {
                self.problem(ProblemKind::Missing, name, format!("recorded but missing; {there}"));
            } else if self.hash(name)? != *recorded {
                self.problem(ProblemKind::Edited, name, "the contents differ from the recorded hash");
            }
        }
        let unlisted: Vec<String> = self
            .sizes
            .keys()
            .filter(|name| {
                ![HASHES, REDACTION, SIGNATURE].contains(&name.as_str()) && !hashes.files.contains_key(*name)
            })
            .cloned()
            .collect();
        for name in unlisted {
            self.problem(ProblemKind::UnlistedFile, &name, "no hash is recorded for this file");
        }
        for name in std::mem::take(&mut self.empty) {
            // A directory whose files were removed has been spoken of already.
            let below = format!("{name}/");
            if !hashes.files.keys().any(|file| file.starts_with(&below)) {
                self.problem(
                    ProblemKind::UnlistedFile,
                    &name,
                    "an empty directory that no run writes",
                );
            }
        }
        Ok(())
    }

    fn check_manifest(&mut self, manifest: &Manifest, hashes: &Hashes) {
        for artifact in &manifest.artifacts {
            let size = self.sizes.get(&artifact.path);
            if hashes.files.get(&artifact.path) != Some(&artifact.sha256)
                || size.is_some_and(|size| *size != artifact.size)
            {
                let message = format!("contradicts the hash of `{}`", artifact.path);
                self.problem(ProblemKind::Contradiction, MANIFEST, message);
            }
        }
        let policy = manifest
            .subject
            .as_ref()
            .and_then(|subject| subject.policy_sha256.as_ref());
        if manifest.policy_sha256.as_ref() != policy {
            self.problem(ProblemKind::Contradiction, MANIFEST, "refers to two policies");
        }
        let terms = manifest.subject.as_ref().map(Terms::recorded);
        if manifest.terms.is_some() && manifest.terms != terms {
            let message = "says that it was judged by something other than its subject does";
            self.problem(ProblemKind::Contradiction, MANIFEST, message);
        }
    }

    fn check_decision(&mut self, manifest: &Manifest, decision: &DecisionRecord) {
        let subject = manifest.subject.as_ref();
        let same_run = decision.run_id == manifest.run_id
            && decision.started == manifest.started
            && decision.stage == manifest.stage
            && decision.policy_sha256 == manifest.policy_sha256
            && decision.content.as_ref() == subject.map(|subject| &subject.content)
            && decision.commit.as_ref() == subject.and_then(|subject| subject.commit.as_ref());
        if !same_run {
            self.problem(
                ProblemKind::Contradiction,
                DECISION,
                "belongs to a different run than the manifest",
            );
        }
        let sum = aggregate(&decision.checks, !decision.bounds.is_empty(), decision.partition);
        let blockers = decision
            .checks
            .iter()
            .all(|check| check.blocker.is_none() == check.outcome.passes());
        let fits = decision.decision == sum
            && decision.blocked != decision.decision.is_ready()
            && (decision.exit_code == gate_base::exit::READY) == decision.decision.is_ready()
            && blockers
            && decision.reasons == reasons(&decision.checks)
            && decision.blocker_precedence == Blocker::PRECEDENCE;
        if !fits {
            let message = format!(
                "says {}, which does not follow from its checks",
                decision.decision.name()
            );
            self.problem(ProblemKind::WrongDecision, DECISION, message);
        }
    }

    fn check_report(&mut self, manifest: &Manifest, decision: &DecisionRecord, hashes: &Hashes) -> Result<()> {
        for name in [REPORT_JSON, REPORT_MARKDOWN] {
            if !hashes.files.contains_key(name) {
                self.problem(
                    ProblemKind::Missing,
                    name,
                    "no hash is recorded for this file, although every judged run has it",
                );
            }
        }
        let Some(bytes) = self.read(REPORT_JSON)? else {
            return Ok(());
        };
        let report: Report = match serde_json::from_slice(&bytes) {
            Ok(report) => report,
            Err(error) => {
                self.problem(ProblemKind::Damaged, REPORT_JSON, format!("invalid: {error}"));
                return Ok(());
            }
        };
        if !self.check_version(REPORT_JSON, report.schema_version, gate_report::SCHEMA_VERSION) {
            return Ok(());
        }
        // A field that a later version adds to the decision must be left out of this comparison for earlier runs.
        let mut derived = DecisionRecord::of(&report, &decision.catalogue_sha256);
        if decision.rollout.is_none() {
            derived.rollout = None;
        }
        if derived != *decision || manifest.subject.as_ref() != Some(&report.subject) {
            self.problem(ProblemKind::Contradiction, DECISION, "does not follow from the report");
        }
        Ok(())
    }

    fn check_audit(&mut self, manifest: &Manifest) -> Result<()> {
        let Some(bytes) = self.read(AUDIT)? else {
            return Ok(());
        };
        for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let step = line
                .strip_suffix(b"\n")
                .and_then(|line| serde_json::from_slice::<AuditStep>(line).ok());
            let message = match step {
                None => format!("line {} is invalid", index + 1),
                Some(step) if step.run_id != manifest.run_id => format!("line {} belongs to another run", index + 1),
                Some(_) => continue,
            };
            self.problem(ProblemKind::Damaged, AUDIT, message);
        }
        Ok(())
    }

    /// A signature that is there is one; whose it must be, and whether there must be one, is for those to say who verify.
    fn check_signature(&mut self) -> Result<()> {
        if let Signature::Invalid { reason } = signature::read(self.directory, &Approvers::default())? {
            let message = format!("the signature of the decision {reason}");
            self.problem(ProblemKind::WrongSignature, SIGNATURE, message);
        }
        Ok(())
    }

    fn check_redaction(&mut self, manifest: &Manifest, hashes: &Hashes) -> Result<()> {
        if !self.sizes.contains_key(REDACTION) {
            // Spoken of already.
            return Ok(());
        }
        let Some(audit) = self.json::<RedactionAudit>(REDACTION)? else {
            return Ok(());
        };
        self.check_version(REDACTION, audit.schema_version, SCHEMA_VERSION);
        if audit.run_id != manifest.run_id {
            self.problem(
                ProblemKind::Contradiction,
                REDACTION,
                "belongs to a different run than the manifest",
            );
        }
        if !audit.adds_up() {
            self.problem(
                ProblemKind::Contradiction,
                REDACTION,
                "its status and counts do not follow from its findings",
            );
        }
        // One that was added later is covered by no hash, and needs none: it must be what a search finds now.
        if !hashes.files.contains_key(REDACTION)
            && RedactionAudit::of_directory(self.directory).ok().as_ref() != Some(&audit)
        {
            self.problem(
                ProblemKind::Contradiction,
                REDACTION,
                "differs from a search of the files",
            );
        }
        Ok(())
    }

    /// Whether a file has a version this tool knows.
    fn check_version(&mut self, name: &str, version: u32, known: u32) -> bool {
        if version == known {
            return true;
        }
        if version > known {
            let message =
                format!("written by a newer version of cargo gate (format {version}, this one supports {known})");
            self.problem(ProblemKind::NewerVersion, name, message);
        } else {
            self.problem(ProblemKind::Damaged, name, format!("unknown format {version}"));
        }
        false
    }

    fn json<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>> {
        let Some(bytes) = self.read(name)? else {
            return Ok(None);
        };
        // Through a generic value, so that fields a later version adds are no problem.
        let same_form = serde_json::from_slice::<serde_json::Value>(&bytes)
            .is_ok_and(|value| canonical(&value).is_ok_and(|again| again == bytes));
        match serde_json::from_slice(&bytes) {
            Ok(value) => {
                if !same_form {
                    self.problem(ProblemKind::NotCanonical, name, "not in canonical form");
                }
                Ok(Some(value))
            }
            Err(error) => {
                self.problem(ProblemKind::Damaged, name, format!("invalid: {error}"));
                Ok(None)
            }
        }
    }

    /// Bytes of a file that is parsed; `None` (with a problem, where none is recorded yet) when they cannot be had.
    fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
        match self.sizes.get(name) {
            None => {
                self.problem(ProblemKind::Missing, name, "recorded but missing");
                Ok(None)
            }
            Some(size) if *size > MAX_JSON => {
                self.problem(ProblemKind::Damaged, name, "too large for this file");
                Ok(None)
            }
            Some(_) => {
                let bytes = fs::read(self.directory.join(name)).map_err(|error| self.failed(name, &error))?;
                Ok(Some(bytes))
            }
        }
    }

    fn hash(&self, name: &str) -> Result<String> {
        let failed = |error: &io::Error| self.failed(name, error);
        let mut file = File::open(self.directory.join(name)).map_err(|error| failed(&error))?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => hasher.update(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(&error)),
            }
        }
        Ok(gate_base::digest::hex(&hasher.finalize()))
    }
}
