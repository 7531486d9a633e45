//! `cargo gate advisories`: the database of known vulnerabilities that `supply.advisories` judges by.

mod status;
mod update;

use clap::Subcommand;

use crate::cli::Conversation;
use crate::cli::arguments::{DataFormat, FormatArgs};
use gate_base::error::Result;

#[derive(Debug, clap::Args)]
pub(super) struct AdvisoriesArgs {
    #[command(subcommand)]
    command: Option<AdvisoriesCommand>,
}

#[derive(Debug, Subcommand)]
enum AdvisoriesCommand {
    /// Show which advisory database is used, why, and how old it is; the default
    Status(FormatArgs),
    /// Fetch the advisory database with git, for all workspaces of this user
    Update(update::UpdateArgs),
}

pub(super) fn run(arguments: &AdvisoriesArgs, conversation: &Conversation<'_>) -> Result<i32> {
    match &arguments.command {
        None => status::run(DataFormat::Human, conversation),
        Some(AdvisoriesCommand::Status(arguments)) => status::run(arguments.message_format, conversation),
        Some(AdvisoriesCommand::Update(arguments)) => update::run(arguments, conversation),
    }
}
