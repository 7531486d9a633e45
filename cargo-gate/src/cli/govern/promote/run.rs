//! The run that a promotion rests on.

use std::path::Path;

use crate::cli::Conversation;
use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};
use gate_base::stage::Stage;
use gate_evidence::history::{History, HistoryEntry};
use gate_evidence::lock::{self, Lock};
use gate_evidence::terms::Terms;
use gate_policy::Policy;
use gate_report::Report;
use gate_surveys::Surveys;

/// Where promotions are kept, relative to the workspace.
pub(in crate::cli) const REGISTRY: &str = "gate/registry.jsonl";

/// Takes the lock, so that no run ends meanwhile, and reads the history, which must be sound.
pub(in crate::cli) fn sound_history(workspace: &Surveys, conversation: &Conversation<'_>) -> Result<(Lock, History)> {
    let gate_dir = lock::prepare(workspace.target_dir())?;
    let lock = Lock::acquire(&gate_dir, conversation.cancel, || {
        conversation
            .printer
            .status("Blocking", "waiting for file lock on the gate directory");
    })?;
    let history = History::load(&gate_dir);
    match &history.damage {
        None => Ok((lock, history)),
        Some(damage) => Err(Error::usage(format!("the history is damaged: {damage}"))
            .with_help("`cargo gate verify` shows what is wrong")),
    }
}

/// The run that a promotion rests on.
pub(in crate::cli) struct Run {
    pub(in crate::cli) entry: HistoryEntry,
    pub(in crate::cli) report: Report,
    pub(in crate::cli) readiness_sha256: String,
    pub(in crate::cli) decision_sha256: String,
}

impl Run {
    /// The newest run over the present content that has a say about `asked`, verified now: one that was ready for it or
    /// for a later stage, or one that was not even ready for an earlier one. A decision that has to be signed counts when it is.
    pub(in crate::cli) fn of(
        history: &History,
        workspace: &Surveys,
        policy: &Policy,
        registry: &Path,
        asked: Stage,
    ) -> Result<Self> {
        let content = workspace.files().content_digest().to_hex();
        let only_registry = only_differs_in(workspace, registry);
        let git = workspace.git();
        let terms = Terms::of(workspace, policy, &[]);
        let speaks = |entry: &&HistoryEntry| {
            let has_a_say = if entry.decision.is_ready() {
                entry.stage >= asked
            } else {
                entry.stage <= asked
            };
            has_a_say
                && entry.difference(&terms).is_none()
                && (entry.content == content
                    || only_registry
                        && !entry.dirty
                        && entry.commit.is_some()
                        && entry.commit == git.and_then(|git| git.head.clone()))
        };
        let Some(entry) = history.entries.iter().rev().find(speaks) else {
            return Err(Error::usage(format!("no run judged the current content for {asked}"))
                .with_help(format!("run `cargo gate {asked}`, then promote again")));
        };
        let authorities = policy
            .decisions
            .as_ref()
            .map_or(&[][..], |decisions| &decisions.authorities);
        history.verified_entry(entry, authorities).map_err(|problem| {
            Error::usage(format!("run {} does not verify: {problem}", entry.run_id))
                .with_help("`cargo gate verify` shows what is wrong")
        })?;
        if let Some(decisions) = &policy.decisions
            && entry.decision.is_ready()
            && decisions.asks_for_signature(entry.stage)
        {
            history.signed_entry(entry, &decisions.authorities).map_err(|problem| {
                let run = &entry.run_id;
                Error::usage(format!("run {run} does not count: {problem}")).with_help(format!(
                    "ask its owner to sign it: `cargo gate evidence sign {run} --key <file>`"
                ))
            })?;
        }
        let directory = workspace.gate_dir().join("runs").join(&entry.run_id);
        let read = |name: &str| {
            let path = directory.join(name);
            std::fs::read(&path).map_err(|error| Error::io("read", &path, &error))
        };
        let json = read("report.json")?;
        let report = serde_json::from_slice(&json)
            .map_err(|error| Error::tool(format!("cannot read the report of run {}: {error}", entry.run_id)))?;
        Ok(Self {
            entry: entry.clone(),
            report,
            readiness_sha256: sha256_hex(&json),
            decision_sha256: sha256_hex(&read("decision.json")?),
        })
    }
}

/// Whether nothing but the registry differs from the commit: a line that was promoted before does not take back what the
/// run said.
pub(in crate::cli) fn only_differs_in(workspace: &Surveys, registry: &Path) -> bool {
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
