//! Files that a suite declares to make: what a run recorded of them is the proof where they come from.

use std::fs;
use std::io;

use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};
use gate_evidence::EvidenceResult;
use gate_policy::SuitePolicy;
use gate_report::{Artifact, Reason};

use super::suite::{SuiteContext, SuiteRun, finding};

/// Removes them before the suite runs: what is there afterwards, the suite made. Says why the suite cannot run.
///
/// # Errors
/// A file cannot be removed.
pub(super) fn clear(suite: &SuitePolicy, cx: &SuiteContext<'_>) -> Result<Option<Reason>> {
    let is_source = |path: &&String| cx.workspace.files().iter().any(|file| file.path == **path);
    if let Some(path) = suite.artifacts.iter().find(is_source) {
        let reason = Reason::new(
            "artifact_is_source",
            format!("the suite would make `{path}`, which is part of what is judged"),
        );
        return Ok(Some(reason.help("declare files under `artifacts` that git ignores")));
    }
    for path in &suite.artifacts {
        let path = cx.workspace.root().join(path);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound && path.is_file() => {
                return Err(Error::io("remove", &path, &error));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Records what the suite made. A file that it did not make is a finding.
///
/// # Errors
/// A file cannot be read.
pub(super) fn record(suite: &SuitePolicy, cx: &SuiteContext<'_>, run: &mut SuiteRun) -> Result<()> {
    let (EvidenceResult::Findings(findings), Some(result)) = (&mut run.result, &mut run.suite) else {
        return Ok(());
    };
    // A suite that failed may have ended before it made them.
    let failed = findings.iter().any(|finding| finding.blocks_at.is_some());
    for path in &suite.artifacts {
        let native = cx.workspace.root().join(path);
        if native.is_file() {
            let bytes = fs::read(&native).map_err(|error| Error::io("read", &native, &error))?;
            result.made.push(Artifact {
                path: path.clone(),
                sha256: sha256_hex(&bytes),
                size: bytes.len() as u64,
            });
        } else if !failed {
            findings.push(
                finding(suite, format!("the suite did not make `{path}`"))
                    .help("correct `artifacts` of the suite in gate.toml, or let its command make the file there"),
            );
        }
    }
    Ok(())
}
