//! `cargo gate govern register draft`.

use clap::Args;

use crate::cli::Conversation;
use crate::cli::arguments::{DataFormat, FormatArgs};
use crate::cli::evidence::history::report_of;
use gate_base::error::Result;
use gate_base::exit;
use gate_base::stage::Stage;
use gate_evidence::history::{History, HistoryEntry};
use gate_govern::closeout::draft::Draft;

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
    let draft = match history.entries.iter().rev().find(refused) {
        Some(entry) => Some(Draft::of(entry, &report_of(&gate_dir, entry)?)),
        None => {
            conversation.printer.status("Register", "no run was refused");
            None
        }
    };
    let text = match arguments.format.message_format {
        DataFormat::Json => crate::cli::json(&crate::cli::named("item", &draft))?,
        DataFormat::Human => draft.map_or_else(String::new, |draft| draft.toml()),
    };
    conversation.printer.data(&text)?;
    Ok(exit::READY)
}
