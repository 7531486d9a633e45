//! Proof that an artifact was built from what was judged: a release of this machine has it in its receipt, or a run has it among
//! what a suite made.

use std::path::Path;

use gate_base::digest::sha256_hex;
use gate_evidence::history::History;
use gate_policy::authority::Approvers;
use gate_report::Report;

use crate::files::{Recorded, read};
use crate::journal;
use crate::receipt::Receipt;

/// What made an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Maker {
    /// A release, as name and version.
    Release(String),
    /// A suite, by its id.
    Suite(String),
}

/// An artifact with where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Produced {
    /// What made it.
    pub maker: Maker,
    /// The artifact.
    pub file: Recorded,
    /// Digest of the content that it was built from.
    pub content: String,
    /// Path of the artifact.
    pub path: std::path::PathBuf,
}

/// Every artifact that releases below the gate directory made, where journal and receipt are what they were.
pub fn produced(gate_dir: &Path) -> Vec<Produced> {
    let mut found = Vec::new();
    for (directory, subject, recorded) in journal::finished(gate_dir) {
        let Ok(bytes) = read(&directory.join(&recorded.path)) else {
            continue;
        };
        if sha256_hex(&bytes) != recorded.sha256 {
            continue;
        }
        let Ok(receipt) = serde_json::from_slice::<Receipt>(&bytes) else {
            continue;
        };
        // What was built elsewhere, no judged content vouches for.
        let attached = receipt.attached;
        let made = receipt.files.into_iter().filter(|file| !attached.contains(&file.path));
        found.extend(made.map(|file| Produced {
            maker: Maker::Release(format!("{} {}", subject.name, subject.version)),
            path: directory.join(crate::layout::OUTPUT).join(&file.path),
            file,
            content: subject.content.clone(),
        }));
    }
    found
}

/// The suite that made an artifact with this digest, of the newest run over a clean commit that recorded it and still verifies.
pub fn made_by_suite(history: &History, gate_dir: &Path, approvers: &Approvers, sha256: &str) -> Option<Produced> {
    let clean = history.entries.iter().rev().filter(|entry| !entry.dirty);
    clean.filter(|entry| entry.commit.is_some()).find_map(|entry| {
        let directory = gate_dir.join("runs").join(&entry.run_id);
        let report: Report = serde_json::from_slice(&read(&directory.join("report.json")).ok()?).ok()?;
        let passed = report.checks.iter().filter(|check| check.outcome.passes());
        let mut made = passed.flat_map(|check| {
            let suite = check.evidence.as_ref().and_then(|evidence| evidence.suite.as_ref());
            suite
                .into_iter()
                .flat_map(|suite| &suite.made)
                .map(|made| (&check.id, made))
        });
        let (id, made) = made.find(|(_, made)| made.sha256 == sha256)?;
        history.verified_entry(entry, approvers).ok()?;
        Some(Produced {
            maker: Maker::Suite(id.clone()),
            file: Recorded {
                path: made.path.clone(),
                sha256: made.sha256.clone(),
                size: made.size,
            },
            content: entry.content.clone(),
            path: made.path.clone().into(),
        })
    })
}
