//! `cargo gate release migrate`: from one version to the next.

mod arguments;
mod compare;
mod history;
mod text;

use clap::Subcommand;

use crate::cli::Conversation;
use gate_base::error::Result;

use self::arguments::{HistoryArgs, RecoverArgs, StatusArgs};

#[derive(Debug, Subcommand)]
pub(super) enum MigrateCommand {
    /// Check that a new version of a file covers everything in the old one
    Compare(compare::CompareArgs),
    /// Migrate a history to the side and judge the result; changes nothing
    DryRun(HistoryArgs),
    /// Migrate a history: pause, switch, verify, resume
    Cutover(HistoryArgs),
    /// Undo a cutover, if there is an exact way back
    Rollback(HistoryArgs),
    /// Finish what was interrupted, and show where each migration is
    Status(StatusArgs),
    /// Finish what a killed command left open in a gate directory
    #[command(hide = true)]
    Recover(RecoverArgs),
}

pub(super) fn run(command: &MigrateCommand, conversation: &Conversation<'_>) -> Result<i32> {
    match command {
        MigrateCommand::Compare(arguments) => compare::run(arguments, conversation),
        MigrateCommand::DryRun(arguments) => history::dry_run(arguments, conversation),
        MigrateCommand::Cutover(arguments) => history::cutover(arguments, conversation),
        MigrateCommand::Rollback(arguments) => history::rollback(arguments, conversation),
        MigrateCommand::Status(arguments) => history::status(arguments, conversation),
        MigrateCommand::Recover(arguments) => history::recover(arguments, conversation),
    }
}
