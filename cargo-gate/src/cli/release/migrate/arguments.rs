//! Arguments of the commands that migrate a history.

use std::path::PathBuf;

use clap::Args;

use crate::cli::arguments::DataFormat;

#[derive(Debug, Args)]
pub(in crate::cli::release) struct HistoryArgs {
    /// Name of a `[[migration]]` in gate.toml
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(super) message_format: DataFormat,
}

#[derive(Debug, Args)]
pub(in crate::cli::release) struct StatusArgs {
    /// Name of a `[[migration]]` in gate.toml [default: all]
    #[arg(value_name = "NAME")]
    pub(super) name: Option<String>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(super) message_format: DataFormat,
}

#[derive(Debug, Args)]
pub(in crate::cli::release) struct RecoverArgs {
    /// The gate directory, such as target/gate
    #[arg(value_name = "DIRECTORY")]
    pub(super) directory: PathBuf,
}
