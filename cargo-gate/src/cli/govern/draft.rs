//! `cargo gate govern register draft`.

use std::path::Path;

use clap::Args;

use crate::base::error::Result;
use crate::base::exit;
use crate::base::stage::Stage;
use crate::cli::Conversation;
use crate::cli::arguments::{DataFormat, FormatArgs};
use crate::cli::evidence::history::report_of;
use crate::closeout::draft::Draft;
use crate::evidence::history::{History, HistoryEntry};
use crate::evidence::run_dir::DecisionRecord;

#[derive(Debug, Args)]
pub(crate) struct DraftArgs {
    /// Look only at runs of this stage
    #[arg(long, value_name = "STAGE")]
    stage: Option<Stage>,
    #[command(flatten)]
    format: FormatArgs,
}

/// The last refused run as an item for the register.
pub(super) fn run(arguments: &DraftArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let gate_dir = conversation.workspace()?.gate_dir();
    let history = History::load(&gate_dir);
    let refused =
        |entry: &&HistoryEntry| !entry.decision.is_ready() && arguments.stage.is_none_or(|stage| stage == entry.stage);
    let Some(entry) = history.entries.iter().rev().find(refused) else {
        conversation.printer.status("Register", "no run was refused");
        return Ok(exit::READY);
    };
    let report = report_of(&gate_dir, entry)?;
    let early = if report.is_none() {
        early_failure(&gate_dir, entry)
    } else {
        None
    };
    let draft = Draft::of(entry, report.as_ref(), early.as_deref());
    let text = match arguments.format.message_format {
        DataFormat::Json => crate::cli::json(&draft)?,
        DataFormat::Human => draft.toml(),
    };
    conversation.printer.data(&text)?;
    Ok(exit::READY)
}

/// Why a run ended before it judged anything, where its decision says so.
fn early_failure(gate_dir: &Path, entry: &HistoryEntry) -> Option<String> {
    let path = gate_dir.join("runs").join(&entry.run_id).join("decision.json");
    let decision: DecisionRecord = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    decision.failure.map(|failure| failure.message)
}
