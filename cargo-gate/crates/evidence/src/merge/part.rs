//! One of the runs that are put together: a run directory, or a bundle of one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;

use gate_base::error::{Error, Result};
use gate_report::Report;

use super::platform;
use crate::bundle;
use crate::record::{
    DECISION, DecisionRecord, ENVIRONMENT, EnvironmentRecord, HASHES, Hashes, MANIFEST, Manifest, REPORT_JSON,
};
use crate::signature::Signature;
use crate::verify::{Problem, Signers, Verification, verify_signed};

/// A run, and what its verification found.
#[derive(Debug)]
pub struct Part {
    /// What it was called on the command line.
    pub name: String,
    /// What ran.
    pub manifest: Manifest,
    /// What was decided.
    pub decision: DecisionRecord,
    /// Everything that was found.
    pub report: Report,
    /// Where.
    pub environment: EnvironmentRecord,
    /// Chain hash of the run.
    pub chain: String,
    /// Whether the decision is signed.
    pub signature: Signature,
    /// What does not fit; with any, the run counts for nothing.
    pub problems: Vec<Problem>,
}

impl Part {
    /// Reads a bundle.
    ///
    /// # Errors
    /// It cannot be read, or is no bundle (usage).
    pub fn of_bundle(path: &Path, signers: &Signers) -> Result<Self> {
        let (directory, run) = bundle::unpack(path)?;
        let verification = verify_signed(directory.path(), run.to_str(), None, signers)?;
        Self::read(&path.display().to_string(), &run, verification)
    }

    /// Reads a run directory that belongs to this gate directory; one that lies elsewhere is verified by itself.
    ///
    /// # Errors
    /// It cannot be read, or holds no run (usage).
    pub fn of_directory(name: &str, gate_dir: &Path, directory: &Path, signers: &Signers) -> Result<Self> {
        let verification = verify_signed(gate_dir, directory.to_str(), None, signers)?;
        Self::read(name, directory, verification)
    }

    fn read(name: &str, directory: &Path, verification: Verification) -> Result<Self> {
        let hashes: Hashes = document(name, directory, HASHES)?;
        Ok(Self {
            name: name.to_owned(),
            manifest: document(name, directory, MANIFEST)?,
            decision: document(name, directory, DECISION)?,
            report: document(name, directory, REPORT_JSON)?,
            environment: document(name, directory, ENVIRONMENT)?,
            chain: hashes.chain,
            signature: verification.signature.unwrap_or(Signature::Absent),
            problems: verification.problems,
        })
    }
}

/// Reads a file of a run. Files that verification refuses are read too, so that the problems can be named with the run.
fn document<T: DeserializeOwned>(name: &str, directory: &Path, file: &str) -> Result<T> {
    let unreadable = |why: String| {
        Error::usage(format!("`{file}` of `{name}` cannot be read: {why}"))
            .with_help("copy the whole run again, or create a bundle of it with `cargo gate evidence bundle`")
    };
    let bytes = fs::read(directory.join(file)).map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))
}

/// A name for the machine of each run: its platform and shard, and a number where several are of one.
pub(super) fn machines(parts: &[&Part]) -> Vec<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let numbered = parts.iter().map(|part| {
        let name = match part.decision.partition {
            Some(partition) => platform::of_shard(&platform::name(&part.environment), partition),
            None => platform::name(&part.environment),
        };
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        match count {
            1 => name,
            count => format!("{name}-{count}"),
        }
    });
    numbered.collect()
}
