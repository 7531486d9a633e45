//! `cargo gate release`: makes a release, and says what it changes for those who use this workspace.

mod make;
mod migrate;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use semver::Version;

use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use gate_base::error::Result;

#[derive(Debug, Args)]
pub(super) struct ReleaseArgs {
    /// Do everything but the upload
    #[arg(long)]
    dry_run: bool,
    /// Refuse any other version than this
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
    /// Continue an interrupted release of this commit
    #[arg(long)]
    resume: bool,
    /// Private Ed25519 key in OpenSSH format, without a passphrase, of an authority under `[decisions]`
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    message_format: DataFormat,
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
        None => make::run(arguments, conversation),
    }
}
