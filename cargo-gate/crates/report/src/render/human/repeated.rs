//! Findings that the report of another workspace of the repository has shown: what is about a file that all workspaces share is
//! one decision, and is read once.

use std::collections::BTreeMap;

use gate_base::paths;

use super::super::Weight;
use crate::{CheckReport, Finding, Report};

/// Check, message, and places as seen from the top of the repository.
type Key = (String, String, Vec<(String, Option<u32>)>);

/// What the reports of other workspaces have shown, and which of them was the first.
#[derive(Debug, Default)]
pub struct Shown(BTreeMap<Key, String>);

impl Shown {
    /// Adds the warnings of a report. `directory` is that of its workspace in the repository.
    pub fn add(&mut self, report: &Report, directory: &str) {
        for check in &report.checks {
            for finding in &check.findings {
                if report.weight(finding) == Weight::Warns {
                    let first = self.0.entry(key(check, finding, directory));
                    first.or_insert_with(|| if directory.is_empty() { "." } else { directory }.to_owned());
                }
            }
        }
    }

    /// The workspace whose report has shown it.
    pub(super) fn in_report_of(&self, check: &CheckReport, finding: &Finding, directory: &str) -> Option<&str> {
        self.0.get(&key(check, finding, directory)).map(String::as_str)
    }
}

fn key(check: &CheckReport, finding: &Finding, directory: &str) -> Key {
    let places = finding
        .locations
        .iter()
        .map(|place| (paths::join(directory, &place.path), place.line));
    (check.id.clone(), finding.message.clone(), places.collect())
}
