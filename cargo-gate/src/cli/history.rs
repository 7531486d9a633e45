//! `cargo gate history`.

use crate::error::Result;
use crate::evidence::history::History;
use crate::evidence::verify::{Status, verify};
use crate::exit;

use super::Conversation;
use super::args::{DataFormat, HistoryArgs};

pub(super) fn run(arguments: &HistoryArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let gate_dir = conversation.workspace()?.gate_dir();
    let history = History::load(&gate_dir);
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
