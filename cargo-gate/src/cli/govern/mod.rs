//! `cargo gate govern`: decisions that people answer for.

mod closeout;
mod draft;
pub(super) mod known;
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
    /// Record what was there when the gate was adopted, and remove what is fixed
    #[command(subcommand, disable_help_subcommand = true)]
    Known(known::KnownCommand),
    /// Add, defer, close or list items of the register
    #[command(subcommand, disable_help_subcommand = true)]
    Register(register::RegisterCommand),
    /// Record which artifacts may enter a stage, based on a run
    Promote(promote::PromoteArgs),
    /// Summarize a run for sign-off: decision, evidence, remaining work and its owner
    Closeout(closeout::CloseoutArgs),
    /// Count runs and register items by calendar week
    Weekly(weekly::WeeklyArgs),
}

pub(super) fn run(command: &GovernCommand, conversation: &Conversation<'_>) -> Result<i32> {
    match command {
        GovernCommand::Waiver(command) => waiver::run(command, conversation),
        GovernCommand::Known(command) => known::run(command, conversation),
        GovernCommand::Register(command) => register::run(command, conversation),
        GovernCommand::Promote(arguments) => promote::run(arguments, conversation),
        GovernCommand::Closeout(arguments) => closeout::run(arguments, conversation),
        GovernCommand::Weekly(arguments) => weekly::run(arguments, conversation),
    }
}
