//! `cargo gate govern`: decisions that people answer for.

mod closeout;
mod draft;
pub(super) mod promote;
mod register;
mod waiver;
mod weekly;

use clap::Subcommand;

use crate::cli::Conversation;
use gate_base::error::Result;

#[derive(Debug, Subcommand)]
pub(super) enum GovernCommand {
    /// Add, list or sign waivers
    #[command(subcommand, disable_help_subcommand = true)]
    Waiver(waiver::WaiverCommand),
    /// Add, defer, close or list items of the register
    #[command(subcommand, disable_help_subcommand = true)]
    Register(register::RegisterCommand),
    /// Record which artifacts may enter a stage, on the evidence of a run
    Promote(promote::PromoteArgs),
    /// Summarize a run for sign-off: the decision, its evidence, what is left to do and who does it
    Closeout(closeout::CloseoutArgs),
    /// Count runs and register items by calendar week
    Weekly(weekly::WeeklyArgs),
}

pub(super) fn run(command: &GovernCommand, conversation: &Conversation<'_>) -> Result<i32> {
    match command {
        GovernCommand::Waiver(command) => waiver::run(command, conversation),
        GovernCommand::Register(command) => register::run(command, conversation),
        GovernCommand::Promote(arguments) => promote::run(arguments, conversation),
        GovernCommand::Closeout(arguments) => closeout::run(arguments, conversation),
        GovernCommand::Weekly(arguments) => weekly::run(arguments, conversation),
    }
}
