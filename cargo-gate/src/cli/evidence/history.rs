//! `cargo gate evidence history`.

use std::path::Path;

use clap::Args;

use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_base::stage::Stage;
use gate_evidence::history::{History, HistoryEntry};
use gate_report::Report;

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Show only this stage
    #[arg(long, value_name = "STAGE")]
    pub(crate) stage: Option<Stage>,
    /// Show at most so many runs, newest first
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

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
        DataFormat::Json => crate::cli::json(&crate::cli::named("runs", &entries))?,
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
    Ok(if history.damage.is_some() {
        exit::NOT_READY
    } else {
        exit::READY
    })
}

/// The report of a run.
pub(in crate::cli) fn report_of(gate_dir: &Path, entry: &HistoryEntry) -> Result<Report> {
    let path = gate_dir.join("runs").join(&entry.run_id).join("report.json");
    let bytes = std::fs::read(&path).map_err(|error| Error::io("read", &path, &error))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        Error::usage(format!("cannot understand `{}`: {error}", path.display()))
            .with_help(format!("`cargo gate verify {}` names what is wrong", entry.run_id))
    })
}
