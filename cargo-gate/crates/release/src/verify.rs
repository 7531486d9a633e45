//! Verification of what a release handed out, from its directory alone.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use gate_base::digest::sha256_hex;
use gate_base::error::Result;
use gate_evidence::record::DecisionRecord;
use gate_evidence::verify::Status;
use gate_world::cargo::lock::Lock;

use crate::bill;
use crate::dsse::{self, Envelope};
use crate::files::{Recorded, names, read};
use crate::layout::{BILL, CHECKSUMS, DECISION, LOCKFILE};
use crate::predicate::DecisionPredicate;
use crate::receipt::{self, Receipt};
use crate::statement::{self, DECISION_PREDICATE, PROVENANCE, STATEMENT_TYPE, SUMMARY};

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Verification {
    /// Whether everything fits.
    pub status: Status,
    /// What does not fit, sorted by file.
    pub problems: Vec<Problem>,
    /// Number of files that were hashed again.
    pub files_checked: usize,
    /// The receipt, where it can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The file it is about.
    pub file: String,
    /// What does not fit, in sentence case without a final full stop.
    pub message: String,
    /// What it makes of the answer.
    pub status: Status,
}

/// Whether a directory is what a release handed out.
pub fn holds_release(directory: &Path) -> bool {
    directory.join(receipt::FILE).is_file()
}

/// Verifies a directory; `keys` are the public keys of those whose signature counts, in the form of OpenSSH.
///
/// # Errors
/// I/O errors.
pub fn verify(directory: &Path, keys: &[String]) -> Result<Verification> {
    let mut verifier = Verifier {
        directory,
        keys,
        problems: Vec::new(),
        files_checked: 0,
    };
    let receipt = verifier.receipt()?;
    if let Some(receipt) = &receipt {
        verifier.files(receipt)?;
        let subjects = verifier.checksums(receipt);
        verifier.bill(receipt);
        verifier.decision(receipt);
        verifier.statements(receipt, &subjects);
    }
    let mut problems = verifier.problems;
    problems.sort();
    problems.dedup();
    Ok(Verification {
        status: problems
            .iter()
            .map(|problem| problem.status)
            .max()
            .unwrap_or(Status::Verified),
        problems,
        files_checked: verifier.files_checked,
        receipt,
    })
}

struct Verifier<'a> {
    directory: &'a Path,
    keys: &'a [String],
    problems: Vec<Problem>,
    files_checked: usize,
}

impl Verifier<'_> {
    fn tampered(&mut self, file: &str, message: impl Into<String>) {
        self.add(Status::Tampered, file, message.into());
    }

    fn add(&mut self, status: Status, file: &str, message: String) {
        self.problems.push(Problem {
            file: file.to_owned(),
            message,
            status,
        });
    }

    fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        read(&self.directory.join(name)).ok()
    }

    /// The receipt, and whether its envelope holds the very same bytes.
    fn receipt(&mut self) -> Result<Option<Receipt>> {
        let bytes = read(&self.directory.join(receipt::FILE))?;
        let receipt: Receipt = match serde_json::from_slice(&bytes) {
            Ok(receipt) => receipt,
            Err(error) => {
                self.tampered(receipt::FILE, format!("it is not a receipt: {error}"));
                return Ok(None);
            }
        };
        if receipt.schema_version != receipt::SCHEMA_VERSION {
            let version = receipt.schema_version;
            let supported = receipt::SCHEMA_VERSION;
            let message = format!("it has schema_version {version}, but this cargo-gate supports {supported}");
            self.add(Status::Incomplete, receipt::FILE, message);
            return Ok(None);
        }
        if let Some(payload) = self.opened(receipt::ENVELOPE, dsse::RECEIPT, "the receipt is not signed")
            && payload != bytes
        {
            self.tampered(receipt::FILE, "it is not the receipt that was signed");
        }
        Ok(Some(receipt))
    }

    /// What an envelope holds, where a declared authority signed it.
    fn opened(&mut self, name: &str, payload_type: &str, unsigned: &str) -> Option<Vec<u8>> {
        let Some(bytes) = self.bytes(name) else {
            self.add(Status::Incomplete, name, unsigned.to_owned());
            return None;
        };
        if self.keys.is_empty() {
            let message = "there is no key to check the signature with; pass `--authority <file>`";
            self.add(Status::Incomplete, name, message.to_owned());
            return None;
        }
        match Envelope::open(&bytes, payload_type, self.keys) {
            Ok(payload) => Some(payload),
            Err(problem) => {
                self.tampered(name, problem);
                None
            }
        }
    }

    /// Every file is what the receipt says, and there is no other.
    fn files(&mut self, receipt: &Receipt) -> Result<()> {
        for file in &receipt.files {
            self.files_checked += 1;
            match Recorded::of(self.directory, &file.path) {
                Err(_) => self.add(Status::Incomplete, &file.path, "the file is missing".to_owned()),
                Ok(now) if now == *file => {}
                Ok(now) => {
                    let message = format!("it has SHA-256 {}, but the receipt has {}", now.sha256, file.sha256);
                    self.tampered(&file.path, message);
                }
            }
        }
        let is_known = |name: &String| {
            [receipt::FILE, receipt::ENVELOPE].contains(&name.as_str())
                || receipt.files.iter().any(|file| file.path == *name)
        };
        for name in names(self.directory)?.iter().filter(|name| !is_known(name)) {
            self.tampered(name, "the receipt does not list it");
        }
        Ok(())
    }

    /// The checksums, which are also what the statements are about.
    fn checksums(&mut self, receipt: &Receipt) -> BTreeMap<String, String> {
        let text = String::from_utf8_lossy(&self.bytes(CHECKSUMS).unwrap_or_default()).into_owned();
        let listed: BTreeMap<String, String> = text
            .lines()
            .filter_map(|line| line.split_once("  "))
            .map(|(sha256, name)| (name.to_owned(), sha256.to_owned()))
            .collect();
        let is_statement = |name: &str| name.ends_with(".dsse.json") || name.ends_with(".intoto.json");
        let expected: BTreeMap<String, String> = receipt
            .files
            .iter()
            .filter(|file| file.path != CHECKSUMS && !is_statement(&file.path))
            .map(|file| (file.path.clone(), file.sha256.clone()))
            .collect();
        if listed != expected {
            self.tampered(CHECKSUMS, "its lines are not those of the receipt");
        }
        expected
    }

    fn bill(&mut self, receipt: &Receipt) {
        let name = format!("{}-{}{BILL}", receipt.name, receipt.version);
        let document = self
            .bytes(&name)
            .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        let lock = self.bytes(LOCKFILE).and_then(|bytes| Lock::parse(&bytes).ok());
        match (document, lock) {
            (Some(document), Some(lock)) => {
                for difference in bill::against_lock(&document, &lock) {
                    self.tampered(&name, difference);
                }
            }
            _ => self.add(
                Status::Incomplete,
                &name,
                "it, or `Cargo.lock`, cannot be read".to_owned(),
            ),
        }
    }

    /// The decision is about this commit and content, and permits the stage.
    fn decision(&mut self, receipt: &Receipt) {
        let Some(bytes) = self.bytes(DECISION) else {
            return;
        };
        if sha256_hex(&bytes) != receipt.decision_sha256 {
            self.tampered(DECISION, "it is not the decision that the receipt names");
        }
        let Ok(record) = serde_json::from_slice::<DecisionRecord>(&bytes) else {
            self.tampered(DECISION, "it is not a decision");
            return;
        };
        if record.commit.as_deref() != Some(&receipt.commit) || record.content.as_deref() != Some(&receipt.content) {
            let commit = record.commit.as_deref().unwrap_or("none");
            let message = format!("it is about commit {commit}, but the release is of {}", receipt.commit);
            self.tampered(DECISION, message);
        }
        if record.decision != receipt.decision || record.stage != receipt.stage || !record.decision.is_ready() {
            let message = format!(
                "it is {} for {}, which does not permit the release",
                record.decision.name(),
                record.stage
            );
            self.tampered(DECISION, message);
        }
    }

    fn statements(&mut self, receipt: &Receipt, subjects: &BTreeMap<String, String>) {
        let mut payloads = BTreeMap::new();
        for (name, predicate_type) in statement::ALL {
            let (signed, unsigned) = (format!("{name}.dsse.json"), format!("{name}.intoto.json"));
            let (file, payload) = if self.directory.join(&signed).exists() {
                let payload = self.opened(&signed, dsse::STATEMENT, "");
                (signed, payload)
            } else if let Some(bytes) = self.bytes(&unsigned) {
                self.add(Status::Incomplete, &unsigned, "the statement is not signed".to_owned());
                (unsigned, Some(bytes))
            } else {
                self.add(Status::Incomplete, &signed, "the statement is missing".to_owned());
                continue;
            };
            let Some(payload) = payload else { continue };
            match serde_json::from_slice::<Value>(&payload) {
                Ok(statement) => {
                    payloads.insert(name, payload);
                    self.statement(&file, &statement, predicate_type, receipt, subjects);
                    if predicate_type == SUMMARY {
                        self.inputs(&file, &statement, &payloads);
                    }
                }
                Err(error) => self.tampered(&file, format!("it holds no statement: {error}")),
            }
        }
    }

    fn statement(
        &mut self,
        file: &str,
        statement: &Value,
        predicate_type: &str,
        receipt: &Receipt,
        subjects: &BTreeMap<String, String>,
    ) {
        if statement["_type"] != STATEMENT_TYPE || statement["predicateType"] != predicate_type {
            let found = &statement["predicateType"];
            self.tampered(file, format!("its predicate is {found}, not `{predicate_type}`"));
            return;
        }
        let about: BTreeMap<String, String> = statement["subject"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|subject| {
                let name = subject["name"].as_str()?.to_owned();
                Some((name, subject["digest"]["sha256"].as_str()?.to_owned()))
            })
            .collect();
        if about != *subjects {
            self.tampered(file, "it is about other files than those of the release");
        }
        let predicate = &statement["predicate"];
        match predicate_type {
            PROVENANCE => {
                let commit = &predicate["buildDefinition"]["resolvedDependencies"][0]["digest"]["gitCommit"];
                if *commit != receipt.commit.as_str() {
                    self.tampered(
                        file,
                        format!("it is about commit {commit}, but the release is of {}", receipt.commit),
                    );
                }
            }
            DECISION_PREDICATE => self.decided(file, predicate, receipt),
            SUMMARY => {
                let policy = predicate["policy"]["digest"]["sha256"].as_str();
                if predicate["verificationResult"] != "PASSED" || policy != receipt.policy_sha256.as_deref() {
                    self.tampered(file, "its result or its policy is not that of the release");
                }
            }
            _ => {}
        }
    }

    fn decided(&mut self, file: &str, predicate: &Value, receipt: &Receipt) {
        let Ok(decided) = serde_json::from_value::<DecisionPredicate>(predicate.clone()) else {
            self.tampered(file, "it holds no decision");
            return;
        };
        if decided.commit != receipt.commit || decided.content != receipt.content {
            let message = format!(
                "it is about commit {}, but the release is of {}",
                decided.commit, receipt.commit
            );
            self.tampered(file, message);
        }
        let same = decided.run.decision_sha256 == receipt.decision_sha256
            && decided.run.id == receipt.run_id
            && decided.policy_sha256 == receipt.policy_sha256
            && (decided.stage, decided.decision) == (receipt.stage, receipt.decision);
        if !same || !decided.decision.is_ready() {
            self.tampered(file, "it is not the decision that the receipt names");
        }
    }

    /// The summary rests on the statements next to it.
    fn inputs(&mut self, file: &str, statement: &Value, payloads: &BTreeMap<&str, Vec<u8>>) {
        for input in statement["predicate"]["inputAttestations"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let name = input["uri"].as_str().unwrap_or_default();
            let Some(payload) = payloads.get(name) else { continue };
            if input["digest"]["sha256"] != sha256_hex(payload) {
                self.tampered(
                    file,
                    format!("it rests on another statement `{name}` than the one next to it"),
                );
            }
        }
    }
}
