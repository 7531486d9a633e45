//! `merged.json`: what the runs add up to. It can be signed, and verified without the runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use gate_base::atomic;
use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};
use gate_base::stage::Stage;
use gate_policy::authority::{PrivateKey, fingerprint};
use gate_report::{Bound, Decision, Outcome, Reason};

use super::contradiction::Contradiction;
use super::platform::platform;
use super::run::MergedRun;
use super::shards;
use crate::record::canonical;
use crate::signature::{Signature, judge, with};
use crate::verify::Signers;

/// Version of this file; raised when a field is removed or changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// First line of the text that is signed.
const HEADER: &str = "cargo-gate merged 1";
/// Nothing longer is read.
const MOST: u64 = 64 << 20;
const MOST_SIGNATURE: u64 = 64 << 10;

/// Contents of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// Version of this file.
    pub schema_version: u32,
    /// Version of the tool that judged.
    pub tool_version: String,
    /// The stage that was judged.
    pub stage: Stage,
    /// The worst answer of the runs; not ready where they are not one claim.
    pub decision: Decision,
    /// Commit that was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Directory of the workspace below the root of its repository; empty at the root.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub directory: String,
    /// Packages that the claim is limited to; empty for the whole workspace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
    /// SHA-256 of `gate.toml` as the first run read it; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_sha256: Option<String>,
    /// Digest of the catalogue of checks.
    pub catalogue_sha256: String,
    /// The runs that verified, in the order in which they were given.
    pub runs: Vec<MergedRun>,
    /// Every check of any run.
    pub checks: Vec<MergedCheck>,
    /// Surfaces outside the claim on any machine.
    pub bounds: Vec<Bound>,
    /// What keeps the runs from being one claim.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradictions: Vec<Contradiction>,
}

/// A check on all machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedCheck {
    /// Stable id.
    pub id: String,
    /// The worst outcome.
    pub outcome: Outcome,
    /// Outcomes by machine. A machine on which the check does not apply has none.
    pub cells: BTreeMap<String, Cell>,
}

/// A check on one machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The outcome there.
    pub outcome: Outcome,
    /// Why it was not run, was inconclusive or ended in an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

impl MergedCheck {
    pub(super) fn of(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            outcome: Outcome::NotRun,
            cells: BTreeMap::new(),
        }
    }
}

impl Merged {
    /// The decision that runs, checks, bounds and contradictions add up to.
    pub(super) fn decided(&self) -> Decision {
        let passes = !self.checks.is_empty() && self.checks.iter().all(|check| check.outcome.passes());
        let entered = self.runs.iter().all(|run| run.decision.is_ready() || run.is_shard());
        match self.bounds.is_empty() {
            _ if !passes || !entered || !self.contradictions.is_empty() => Decision::NotReady,
            true => Decision::Ready,
            false => Decision::ReadyWithBoundedScope,
        }
    }

    /// Whose outcomes there are: each run, and the platform of shards that are one answer.
    pub fn machines(&self) -> Vec<&str> {
        let mut machines: Vec<&str> = Vec::new();
        for run in &self.runs {
            let platform = platform(&run.machine);
            let one_answer = self.checks.iter().any(|check| check.cells.contains_key(platform));
            let machine = if run.is_shard() && one_answer {
                platform
            } else {
                &run.machine
            };
            if !machines.contains(&machine) {
                machines.push(machine);
            }
        }
        machines
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// They cannot be written as JSON.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        canonical(self).map_err(|error| Error::tool(format!("cannot write the merged decision: {error}")))
    }

    /// What does not fit within the file, one sentence each.
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut machines: BTreeSet<&str> = self.runs.iter().map(|run| run.machine.as_str()).collect();
        if machines.len() != self.runs.len() {
            problems.push("two runs have the same machine".to_owned());
        }
        let shards = self.runs.iter().filter(|run| run.is_shard());
        machines.extend(shards.map(|run| platform(&run.machine)));
        for check in &self.checks {
            if check.outcome != worst(&check.cells) {
                problems.push(format!("the outcome of `{}` is not its worst", check.id));
            }
            if let Some(machine) = check.cells.keys().find(|machine| !machines.contains(machine.as_str())) {
                problems.push(format!("`{}` has an outcome of {machine}, which has no run", check.id));
            }
        }
        for run in &self.runs {
            let mut cells = self.checks.iter().filter_map(|check| check.cells.get(&run.machine));
            if run.decision.is_ready() && cells.any(|cell| !cell.outcome.passes()) {
                problems.push(format!("{} is ready although a check blocks there", run.machine));
            }
        }
        if self.contradictions.is_empty() {
            problems.extend(shards::missing(&self.runs).into_iter().map(|found| found.message));
        }
        if self.decision != self.decided() {
            problems.push(format!("the runs add up to {}", self.decided().name()));
        }
        problems
    }
}

/// The outcome that lets least pass; a check that nobody judged was not run.
pub(super) fn worst(cells: &BTreeMap<String, Cell>) -> Outcome {
    cells.values().map(|cell| cell.outcome).max().unwrap_or(Outcome::NotRun)
}

/// Where the signature of a file lies.
fn signature_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// The text of a merged decision that is signed, in the form of `ssh-keygen -Y sign -n cargo-gate`.
pub fn signed_text(merged: &Merged, bytes: &[u8]) -> String {
    format!(
        "{HEADER}\nstage = {}\ndecision = {}\nmerged-sha256 = {}\n",
        merged.stage,
        merged.decision.name(),
        sha256_hex(bytes)
    )
}

/// Signs a merged decision that was written to this path, and returns the fingerprint of the key. Signatures of the same
/// decision stay; those of another one are replaced.
///
/// # Errors
/// The signature cannot be read or written.
pub fn sign(path: &Path, merged: &Merged, key: &PrivateKey) -> Result<String> {
    let text = signed_text(merged, &merged.bytes()?);
    let signature = key.sign(&text);
    let file = signature_of(path);
    let before = read(&file, MOST_SIGNATURE)?.and_then(|bytes| String::from_utf8(bytes).ok());
    let added = with(&text, before.as_deref().unwrap_or_default(), &signature);
    match added {
        Ok((_, None)) => {}
        Ok((_, Some(after))) => atomic::write(&file, after.as_bytes())?,
        Err(_) => atomic::write(&file, signature.as_bytes())?,
    }
    Ok(fingerprint(&key.public()))
}

/// Takes the file apart: what it says, and what does not fit within it, one sentence each.
///
/// # Errors
/// Why it is no merged decision.
pub fn parse(bytes: &[u8]) -> std::result::Result<(Merged, Vec<String>), String> {
    let merged: Merged = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if merged.schema_version != SCHEMA_VERSION {
        let version = merged.schema_version;
        return Err(format!(
            "it has version {version}, but this cargo-gate supports {SCHEMA_VERSION}"
        ));
    }
    let mut problems = merged.problems();
    if merged.bytes().ok().as_deref() != Some(bytes) {
        problems.push("it is not in canonical form".to_owned());
    }
    Ok((merged, problems))
}

/// Reads a merged decision: what it says, what does not fit within it, and whether somebody with a say signed it.
///
/// # Errors
/// It cannot be read, or is no merged decision (usage).
pub fn verify(path: &Path, signers: &Signers) -> Result<(Merged, Vec<String>, Signature)> {
    let bytes = read(path, MOST)?.ok_or_else(|| {
        Error::usage(format!(
            "`{}` does not exist, or is too large for a merged decision",
            path.display()
        ))
        .with_help("pass the file that `cargo gate evidence merge --out <file>` wrote")
    })?;
    let refused = |why: String| {
        Error::usage(format!("`{}` is not a merged decision: {why}", path.display())).with_help(
            "pass a run directory, a bundle, or the file that `cargo gate evidence merge --out <file>` wrote",
        )
    };
    let (merged, mut problems) = parse(&bytes).map_err(refused)?;
    let signature = match read(&signature_of(path), MOST_SIGNATURE)? {
        None => Signature::Absent,
        Some(signature) => judge(
            &signed_text(&merged, &bytes),
            &String::from_utf8_lossy(&signature),
            &signers.approvers,
        ),
    };
    let required = merged.decision.is_ready() && signers.required_from.is_some_and(|first| merged.stage >= first);
    match &signature {
        Signature::Invalid { reason } => problems.push(format!("the signature {reason}")),
        _ if required && !signature.counts() => {
            problems.push(format!(
                "decisions for {} must be signed, but this one {}",
                merged.stage,
                signature.lack()
            ));
        }
        _ => {}
    }
    Ok((merged, problems, signature))
}

fn read(path: &Path, most: u64) -> Result<Option<Vec<u8>>> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path, &error)),
        Ok(found) if !found.is_file() || found.len() > most => Ok(None),
        Ok(_) => fs::read(path)
            .map(Some)
            .map_err(|error| Error::io("read", path, &error)),
    }
}
