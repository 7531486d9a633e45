//! The run that a release or a promotion rests on.

use std::path::Path;

use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};
use gate_base::stage::Stage;
use gate_evidence::history::{History, HistoryEntry};
use gate_evidence::terms::Terms;
use gate_policy::Policy;
use gate_report::Report;
use gate_world::Workspace;

/// A run with what it decided, verified now.
#[derive(Debug, Clone)]
pub struct Decided {
    /// Its line of the history.
    pub entry: HistoryEntry,
    /// Its report.
    pub report: Report,
    /// SHA-256 of its `report.json`.
    pub readiness_sha256: String,
    /// SHA-256 of its `decision.json`.
    pub decision_sha256: String,
    /// Contents of its `decision.json`.
    pub decision: Vec<u8>,
}

impl Decided {
    /// The newest run over the present content that covers `asked`: one that was ready for it or for a later stage, or one
    /// that was not even ready for an earlier one. `None` when no run judged this content. A decision that has to be signed counts when
    /// it is. Changes of `registry`, the record of promotions, do not make another content.
    ///
    /// # Errors
    /// The run does not verify, or is not signed (usage); I/O errors.
    pub fn find(
        history: &History,
        workspace: &Workspace,
        policy: &Policy,
        asked: Stage,
        registry: Option<&Path>,
    ) -> Result<Option<Self>> {
        let content = workspace.files().content_digest().to_hex();
        let only_registry = registry.is_some_and(|registry| only_differs_in(workspace, registry));
        let head = workspace.git().and_then(|git| git.head.clone());
        let is_present = |entry: &HistoryEntry| {
            entry.content == content || only_registry && !entry.dirty && entry.commit.is_some() && entry.commit == head
        };
        Self::about(history, workspace, policy, asked, is_present)
    }

    /// The newest run over this content that covers `asked`, as [`find`](Self::find) does for the present one.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub fn of_content(
        history: &History,
        workspace: &Workspace,
        policy: &Policy,
        asked: Stage,
        content: &str,
    ) -> Result<Option<Self>> {
        Self::about(history, workspace, policy, asked, |entry| entry.content == content)
    }

    fn about(
        history: &History,
        workspace: &Workspace,
        policy: &Policy,
        asked: Stage,
        is_meant: impl Fn(&HistoryEntry) -> bool,
    ) -> Result<Option<Self>> {
        let terms = Terms::of(workspace, policy, &[]);
        let covers = |entry: &&HistoryEntry| {
            let about_stage = if entry.decision.is_ready() {
                entry.stage >= asked
            } else {
                entry.stage <= asked
            };
            about_stage && entry.difference(&terms).is_none() && is_meant(entry)
        };
        let Some(entry) = history.entries.iter().rev().find(covers) else {
            return Ok(None);
        };
        let approvers = policy.approvers();
        history.verified_entry(entry, &approvers).map_err(|problem| {
            Error::usage(format!("run {} does not verify: {problem}", entry.run_id))
                .with_help("`cargo gate verify` shows what is wrong")
        })?;
        if let Some(decisions) = &policy.decisions
            && entry.decision.is_ready()
            && decisions.asks_for_signature(entry.stage)
        {
            history.signed_entry(entry, &approvers).map_err(|problem| {
                let run = &entry.run_id;
                Error::usage(format!("run {run} does not count: {problem}")).with_help(format!(
                    "ask its owner to sign it: `cargo gate evidence sign {run} --key <file>`"
                ))
            })?;
        }
        let directory = workspace.gate_dir().join("runs").join(&entry.run_id);
        let json = crate::files::read(&directory.join("report.json"))?;
        let report = serde_json::from_slice(&json)
            .map_err(|error| Error::tool(format!("cannot read the report of run {}: {error}", entry.run_id)))?;
        let decision = crate::files::read(&directory.join("decision.json"))?;
        Ok(Some(Self {
            entry: entry.clone(),
            report,
            readiness_sha256: sha256_hex(&json),
            decision_sha256: sha256_hex(&decision),
            decision,
        }))
    }
}

/// Whether nothing but the registry differs from the commit: a line that was promoted before does not take back what the
/// run said.
pub fn only_differs_in(workspace: &Workspace, registry: &Path) -> bool {
    let Some(git) = workspace.git() else { return false };
    let below = registry.strip_prefix(workspace.root()).ok();
    let registry = below.map(|below| below.to_string_lossy().replace('\\', "/"));
    // git names a directory that holds nothing tracked by itself.
    let is_registry = |path: &str| {
        registry
            .as_deref()
            .is_some_and(|registry| registry == path || path.ends_with('/') && registry.starts_with(path))
    };
    git.dirty.iter().all(|dirty| is_registry(&dirty.path))
}
