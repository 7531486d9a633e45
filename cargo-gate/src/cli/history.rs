//! `cargo gate history`.

use std::path::Path;

use crate::base::error::{Error, Result};
use crate::base::exit;
use crate::closeout::draft::Draft;
use crate::evidence::history::{History, HistoryEntry};
use crate::evidence::run_dir::DecisionRecord;
use crate::evidence::verify::{Status, verify};
use crate::report::Report;

use super::{Conversation, weekly};
use crate::command_line::{DataFormat, HistoryArgs};

pub(super) fn run(arguments: &HistoryArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let gate_dir = conversation.workspace()?.gate_dir();
    let history = History::load(&gate_dir);
    if arguments.last_failure {
        return last_failure(arguments, &history, &gate_dir, conversation);
    }
    if arguments.weekly {
        return weekly::run(arguments, &history, conversation);
    }
    let wanted = |stage| arguments.stage.is_none_or(|only| only == stage);
    let entries: Vec<_> = history
        .entries
        .iter()
        .rev()
        .filter(|entry| wanted(entry.stage))
        .take(arguments.limit)
        .collect();
    let text = match arguments.message_format {
        DataFormat::Json => super::json(&entries)?,
        DataFormat::Human => entries
            .iter()
            .map(|entry| {
                let commit = entry
                    .commit
                    .as_deref()
                    .map_or("-", |commit| commit.get(..12).unwrap_or(commit));
                let dirty = if entry.dirty { "+" } else { "" };
                format!(
                    "{}  {:<10}  {:<24}  {commit}{dirty}  chain {}\n",
                    entry.run_id,
                    entry.stage,
                    entry.decision.name(),
                    entry.chain.get(..12).unwrap_or(&entry.chain)
                )
            })
            .collect(),
    };
    conversation.printer.data(&text)?;
    if let Some(damage) = &history.damage {
        conversation.printer.warning(
            &format!("the history is damaged: {damage}"),
            Some("`cargo gate verify` names what is wrong"),
        );
    }
    if !arguments.verify {
        return Ok(if history.damage.is_some() {
            exit::NOT_READY
        } else {
            exit::READY
        });
    }
    let verification = verify(&gate_dir, None, None)?;
    for problem in &verification.problems {
        conversation
            .printer
            .warning(&format!("{}: {}", problem.file, problem.message), None);
    }
    let verified = verification.status == Status::Verified;
    Ok(if verified { exit::READY } else { exit::NOT_READY })
}

/// The last refused run as an item for the register.
fn last_failure(
    arguments: &HistoryArgs,
    history: &History,
    gate_dir: &Path,
    conversation: &Conversation<'_>,
) -> Result<i32> {
    let refused =
        |entry: &&HistoryEntry| !entry.decision.is_ready() && arguments.stage.is_none_or(|stage| stage == entry.stage);
    let Some(entry) = history.entries.iter().rev().find(refused) else {
        conversation.printer.status("History", "no run was refused");
        return Ok(exit::READY);
    };
    let report = report_of(gate_dir, entry)?;
    let early = if report.is_none() {
        early_failure(gate_dir, entry)
    } else {
        None
    };
    let draft = Draft::of(entry, report.as_ref(), early.as_deref());
    let text = match arguments.message_format {
        DataFormat::Json => super::json(&draft)?,
        DataFormat::Human => draft.toml(),
    };
    conversation.printer.data(&text)?;
    Ok(exit::READY)
}

/// The report of a run; `None` where the run ended before it judged.
pub(super) fn report_of(gate_dir: &Path, entry: &HistoryEntry) -> Result<Option<Report>> {
    let path = gate_dir.join("runs").join(&entry.run_id).join("report.json");
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            Error::usage(format!("`{}` cannot be understood: {error}", path.display())).with_help("`cargo gate verify`")
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", &path, &error)),
    }
}

/// Why a run ended before it judged anything, where its decision says so.
fn early_failure(gate_dir: &Path, entry: &HistoryEntry) -> Option<String> {
    let path = gate_dir.join("runs").join(&entry.run_id).join("decision.json");
    let decision: DecisionRecord = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    decision.failure.map(|failure| failure.message)
}
