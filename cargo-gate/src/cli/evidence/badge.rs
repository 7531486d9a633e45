//! `cargo gate evidence badge`: the latest decision as a badge.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Conversation;
use gate_base::error::{Error, Result};
use gate_base::{atomic, exit};
use gate_evidence::history::{History, HistoryEntry};
use gate_evidence::terms;
use gate_policy::authority::Approvers;
use gate_report::render::badge;

#[derive(Debug, Args)]
pub(crate) struct BadgeArgs {
    /// File to write instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

pub(super) fn run(arguments: &BadgeArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let workspace = conversation.workspace()?;
    let history = History::load(&workspace.gate_dir());
    // Workspaces that share a target directory share its history.
    let name = terms::workspace(&workspace);
    let own = |entry: &&HistoryEntry| entry.terms.as_ref().is_some_and(|terms| terms.workspace == name);
    let Some(last) = history.entries.iter().rev().find(own) else {
        return Err(Error::usage("no run to make a badge from").with_help("cargo gate pilot"));
    };
    let verified = match &history.damage {
        Some(damage) => Err(format!("the history is damaged: {damage}")),
        None => history.verified_entry(last, &Approvers::default()),
    };
    let text = badge::render(verified.is_ok().then_some((last.stage, last.decision)));
    match &arguments.output {
        Some(file) => atomic::write(file, text.as_bytes())?,
        None => conversation.printer.data(&text)?,
    }
    let Err(problem) = verified else {
        return Ok(exit::READY);
    };
    conversation.printer.warning(
        &format!("run {} does not verify: {problem}", last.run_id),
        Some("`cargo gate verify` shows what is wrong"),
    );
    Ok(exit::NOT_READY)
}
