//! `redaction_audit.json`: what a search for secrets found in the files of the run, written by every run.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use gate_base::error::{Error, Result};
use gate_text::secrets::personal::scan_personal;
use gate_text::secrets::{Kind, Severity, markers, scan};

use super::format::{HASHES, MANIFEST, REDACTION, SCHEMA_VERSION, SIGNATURE, canonical, is_plain_path};
use super::{Hashes, Manifest};

/// Contents of `redaction_audit.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedactionAudit {
    /// Version of this file.
    pub schema_version: u32,
    /// Id of the run.
    pub run_id: String,
    /// `fail` with a finding of high severity, `warn` with one of medium severity, else `pass`.
    pub status: String,
    /// Number of files that were searched: every other file of the run but `hashes.json`.
    pub files_scanned: u64,
    /// Number of findings.
    pub findings_count: u64,
    /// What was found, by file and line.
    pub findings: Vec<RedactionFinding>,
    /// Counts.
    pub summary: RedactionSummary,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedactionFinding {
    /// Kind: that of a secret, or `home` for a home directory.
    #[serde(rename = "type")]
    pub kind: String,
    /// How bad it is.
    pub severity: Severity,
    /// File of the run.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Whether it was taken out before the file was written: then a mark stands there.
    pub redacted: bool,
}

/// Counts of findings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedactionSummary {
    /// Of high severity.
    pub high: u64,
    /// Of medium severity.
    pub medium: u64,
    /// Of low severity.
    pub low: u64,
    /// By type.
    pub findings_by_type: BTreeMap<String, u64>,
}

impl RedactionAudit {
    /// Searches the files of a run.
    pub(crate) fn of<'f>(run_id: &str, files: impl Iterator<Item = (&'f str, &'f [u8])>) -> Self {
        let mut scanned = 0;
        let mut findings = Vec::new();
        for (path, bytes) in files {
            scanned += 1;
            search(path, bytes, &mut findings);
        }
        findings.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        Self::from_findings(run_id, scanned, findings)
    }

    /// Searches a run directory that was written before: the files that its `hashes.json` names, which are those that
    /// were searched when a run writes its audit itself.
    ///
    /// # Errors
    /// A file cannot be read, or the directory is not that of a run.
    pub fn of_directory(directory: &Path) -> Result<Self> {
        let read = |name: &str| {
            let path = directory.join(name);
            std::fs::read(&path).map_err(|error| Error::io("read", &path, &error))
        };
        let damaged = |name: &str, what: &dyn std::fmt::Display| {
            Error::usage(format!("`{name}` of the run cannot be understood: {what}"))
                .with_help("`cargo gate verify` says what is wrong with the run")
        };
        let hashes: Hashes = serde_json::from_slice(&read(HASHES)?).map_err(|error| damaged(HASHES, &error))?;
        let manifest: Manifest = serde_json::from_slice(&read(MANIFEST)?).map_err(|error| damaged(MANIFEST, &error))?;
        let mut files = Vec::new();
        for name in hashes.files.keys().filter(|name| is_searched(name)) {
            if !is_plain_path(name) {
                return Err(damaged(HASHES, &"it names a file that no run writes"));
            }
            files.push((name.as_str(), read(name)?));
        }
        Ok(Self::of(
            &manifest.run_id,
            files.iter().map(|(name, bytes)| (*name, bytes.as_slice())),
        ))
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        canonical(self).map_err(|error| Error::tool(format!("cannot write `{REDACTION}`: {error}")))
    }

    fn from_findings(run_id: &str, files_scanned: u64, findings: Vec<RedactionFinding>) -> Self {
        let mut summary = RedactionSummary::default();
        for finding in &findings {
            match finding.severity {
                Severity::High => summary.high += 1,
                Severity::Medium => summary.medium += 1,
                Severity::Low => summary.low += 1,
            }
            *summary.findings_by_type.entry(finding.kind.clone()).or_default() += 1;
        }
        let status = match &summary {
            RedactionSummary { high: 1.., .. } => "fail",
            RedactionSummary { medium: 1.., .. } => "warn",
            _ => "pass",
        };
        Self {
            schema_version: SCHEMA_VERSION,
            run_id: run_id.to_owned(),
            status: status.to_owned(),
            files_scanned,
            findings_count: findings.len() as u64,
            findings,
            summary,
        }
    }

    /// Whether status and counts follow from the findings.
    pub(crate) fn adds_up(&self) -> bool {
        *self == Self::from_findings(&self.run_id, self.files_scanned, self.findings.clone())
    }
}

/// Whether an audit searches a file: neither itself, nor what only holds hashes or a signature.
fn is_searched(name: &str) -> bool {
    ![REDACTION, HASHES, SIGNATURE].contains(&name)
}

/// Logs are free text; the other files have the form that this tool gave them, and values behind names in them are its
/// own, such as digests.
fn search(path: &str, bytes: &[u8], findings: &mut Vec<RedactionFinding>) {
    let is_log = path.contains('/');
    let taken = markers(bytes).into_iter().map(|marker| {
        let severity = Kind::named(&marker.kind).map_or(Severity::Low, Kind::severity);
        (marker.kind, severity, marker.line, marker.column, true)
    });
    let mut hits = scan(bytes);
    hits.retain(|hit| is_log || !hit.guessed);
    if is_log {
        hits.extend(scan_personal(bytes));
    }
    let left = hits.into_iter().map(|hit| {
        let kind = hit.kind.name().to_owned();
        (kind, hit.kind.severity(), hit.line, hit.column, false)
    });
    findings.extend(
        taken
            .chain(left)
            .map(|(kind, severity, line, column, redacted)| RedactionFinding {
                kind,
                severity,
                file: path.to_owned(),
                line,
                column,
                redacted,
            }),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_text::secrets::planted;

    #[test]
    fn what_was_taken_out_and_what_is_left() {
        let token = planted::value("gitlab");
        let log = format!(
            "a\n{}\nby ada@analytical-engine.org\n",
            gate_text::secrets::mask_text(&token)
        );
        let audit = RedactionAudit::of(
            "r",
            [("suites/x.log", log.as_bytes()), ("report.json", b"{}")].into_iter(),
        );
        assert!(audit.adds_up());
        insta::assert_snapshot!(serde_json::to_string_pretty(&audit).unwrap(), @r#"
        {
          "schema_version": 1,
          "run_id": "r",
          "status": "fail",
          "files_scanned": 2,
          "findings_count": 2,
          "findings": [
            {
              "type": "token",
              "severity": "high",
              "file": "suites/x.log",
              "line": 2,
              "column": 1,
              "redacted": true
            },
            {
              "type": "email",
              "severity": "medium",
              "file": "suites/x.log",
              "line": 3,
              "column": 4,
              "redacted": false
            }
          ],
          "summary": {
            "high": 1,
            "medium": 1,
            "low": 0,
            "findings_by_type": {
              "email": 1,
              "token": 1
            }
          }
        }
        "#);
    }

    #[test]
    fn nothing_is_a_pass() {
        let audit = RedactionAudit::of("r", std::iter::once(("report.json", b"{}".as_slice())));
        assert_eq!((audit.status.as_str(), audit.findings_count), ("pass", 0));
        let mut wrong = audit;
        wrong.status = "warn".into();
        assert!(!wrong.adds_up());
    }
}
