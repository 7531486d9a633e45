//! `cargo gate release`: makes a release, and says what it changes for those who use this workspace.

mod make;
mod migrate;

use clap::{Args, Subcommand};

use crate::cli::Conversation;
use gate_base::error::Result;

#[derive(Debug, Args)]
pub(super) struct ReleaseArgs {
    #[command(flatten)]
    make: make::MakeArgs,
    #[command(subcommand)]
    command: Option<ReleaseCommand>,
}

#[derive(Debug, Subcommand)]
enum ReleaseCommand {
    /// Move from one version to the next: compare files, migrate a history of events, go back
    #[command(subcommand, disable_help_subcommand = true)]
    Migrate(migrate::MigrateCommand),
}

pub(super) fn run(arguments: &ReleaseArgs, conversation: &Conversation<'_>) -> Result<i32> {
    match &arguments.command {
        Some(ReleaseCommand::Migrate(command)) => migrate::run(command, conversation),
        None => make::run(&arguments.make, conversation),
    }
}
