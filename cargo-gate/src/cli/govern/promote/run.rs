//! The run that a promotion rests on.

use std::path::Path;

use crate::cli::Conversation;
use gate_base::error::{Error, Result};
use gate_base::stage::Stage;
use gate_evidence::history::History;
use gate_evidence::lock::{self, Lock};
use gate_govern::promotion::registry::Anchor;
use gate_policy::Policy;
use gate_release::decided::Decided;
use gate_surveys::Surveys;

/// Where promotions are kept, relative to the workspace.
pub(in crate::cli) const REGISTRY: &str = "gate/registry.jsonl";

/// What a registry must still have: the events of the commit that is checked out, and those that this machine recorded.
pub(in crate::cli) fn anchor(workspace: &Surveys, registry: &Path) -> Result<Anchor> {
    let canonical = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let directory = match registry.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => canonical(directory),
        _ => canonical(Path::new(".")),
    };
    let below = directory
        .strip_prefix(canonical(workspace.root()))
        .ok()
        .and_then(|directory| {
            let path = directory.join(registry.file_name()?);
            Some(path.to_str()?.replace('\\', "/"))
        });
    let committed = match (workspace.git(), below) {
        (Some(git), Some(path)) if git.head.is_some() => git.show("HEAD", &path).map_err(|error| {
            Error::tool(format!(
                "cannot read `{path}` of the commit that is checked out: {error}"
            ))
        })?,
        _ => None,
    };
    Ok(Anchor {
        gate_dir: workspace.gate_dir(),
        committed,
    })
}

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

/// The run that a promotion rests on: the newest that covers the stage.
pub(in crate::cli) fn decided(
    history: &History,
    workspace: &Surveys,
    policy: &Policy,
    registry: &Path,
    asked: Stage,
) -> Result<Decided> {
    Decided::find(history, workspace, policy, asked, Some(registry))?.ok_or_else(|| {
        Error::usage(format!("no run judged the current content for {asked}"))
            .with_help(format!("run `cargo gate {asked}`, then promote again"))
    })
}
