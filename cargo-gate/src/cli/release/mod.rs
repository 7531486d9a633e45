//! `cargo gate release`: what the next release changes for those who use this workspace.

mod migrate;

use clap::Subcommand;

use crate::cli::Conversation;
use gate_base::error::Result;

#[derive(Debug, Subcommand)]
pub(super) enum ReleaseCommand {
    /// Check that a new version of a file has a place for everything in the old one
    Migrate(migrate::MigrateArgs),
}

pub(super) fn run(command: &ReleaseCommand, conversation: &Conversation<'_>) -> Result<i32> {
    match command {
        ReleaseCommand::Migrate(arguments) => migrate::run(arguments, conversation),
    }
}
