//! Arguments of `cargo gate migrate`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::DataFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// Judge whether everything of an old version has somewhere to go in a new one, and whether there is a way back
    Preflight(PreflightArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PreflightArgs {
    /// The old version: a kernel lock, a JSON Schema or a TOML file
    #[arg(value_name = "OLD")]
    pub(crate) from: PathBuf,
    /// The new version, of the same kind
    #[arg(value_name = "NEW")]
    pub(crate) to: PathBuf,
    /// File of transforms for what is not the same in both
    #[arg(long, value_name = "FILE")]
    pub(crate) map: Option<PathBuf>,
    /// Fail as well where there is no way back
    #[arg(long)]
    pub(crate) reversible: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}
