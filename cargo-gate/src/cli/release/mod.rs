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
    /// Check that a new version of a file covers everything in the old one
    Migrate(migrate::MigrateArgs),
}

pub(super) fn run(arguments: &ReleaseArgs, conversation: &Conversation<'_>) -> Result<i32> {
    match &arguments.command {
        Some(ReleaseCommand::Migrate(arguments)) => migrate::run(arguments, conversation),
        None => make::run(&arguments.make, conversation),
    }
}
