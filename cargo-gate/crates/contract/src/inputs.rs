//! Everything that there is to read in one evaluation.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::Timestamp;

use gate_base::stage::Stage;
use gate_evidence::history::History;
use gate_policy::Policy;
use gate_report::CheckReport;
use gate_surveys::Surveys;

use super::info::CheckInfo;

/// Everything that there is to read in one evaluation.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The workspace.
    pub workspace: &'a Surveys,
    /// The policy.
    pub policy: &'a Policy,
    /// Earlier runs.
    pub history: &'a History,
    /// When the evaluation started, by the clock of this machine.
    pub now: Timestamp,
    /// The stage under evaluation.
    pub stage: Stage,
    /// Packages that the claim is limited to; empty for the whole workspace.
    pub packages: &'a [String],
    /// The catalogue of checks; empty until the checks of evidence are judged.
    pub catalogue: &'a [CheckInfo],
    /// The checks that were judged before.
    pub outcomes: &'a [CheckReport],
    /// What became of each waiver, in the order of the policy.
    pub waiver_use: &'a [WaiverUse],
    /// What became of each entry of the known findings, in the order of their file.
    pub known_use: &'a [EntryUse],
    /// Where a rule leaves files.
    pub attachments: Option<&'a Attachments>,
}

impl<'a> Inputs<'a> {
    /// Nothing was judged yet.
    pub fn new(workspace: &'a Surveys, policy: &'a Policy, history: &'a History, now: Timestamp, stage: Stage) -> Self {
        Self {
            workspace,
            policy,
            history,
            now,
            stage,
            packages: &[],
            catalogue: &[],
            outcomes: &[],
            waiver_use: &[],
            known_use: &[],
            attachments: None,
        }
    }
}

/// What became of a waiver once every finding had met it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaiverUse {
    /// Whether a finding needed it.
    pub used: bool,
    /// Whether its check was carried out over the whole workspace, so that a finding would have met it.
    pub judged: bool,
}

/// What became of an entry of the known findings once every finding had met it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryUse {
    /// How many findings it matched.
    pub found: u32,
    /// Whether its check was carried out over the whole workspace, so that a finding would have met it.
    pub judged: bool,
}

/// Files that a check leaves beside its findings: they become part of its evidence and lie in the run directory.
#[derive(Debug, Default)]
pub struct Attachments(Mutex<BTreeMap<String, Vec<u8>>>);

impl Attachments {
    /// Attaches a file.
    pub(super) fn add(&self, path: &str, bytes: &[u8]) {
        if let Ok(mut files) = self.0.lock() {
            files.insert(path.to_owned(), bytes.to_owned());
        }
    }

    /// What was attached, sorted by path.
    pub fn into_files(self) -> BTreeMap<String, Vec<u8>> {
        self.0.into_inner().unwrap_or_default()
    }
}
