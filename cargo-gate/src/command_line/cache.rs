//! Arguments of `cargo gate cache`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::FormatArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Show what the stores hold, and how often a kernel was not compiled because of it
    Stats(CacheStatsArgs),
    /// Read every entry of both stores again, and remove the damaged ones
    Verify(FormatArgs),
    /// Remove what was not used for a while from both stores
    Gc(GcArgs),
    /// Keep the kernels that a release manifest names in the store, however old they get
    Pin(PinArgs),
    /// Let go of the kernels of a release manifest
    Unpin(PinArgs),
    /// Serve the remote store of kernels to a build, over standard input and output
    Serve,
}

#[derive(Debug, Args)]
pub(crate) struct CacheStatsArgs {
    /// Print JSON: short for `--message-format json`
    #[arg(long, conflicts_with = "message_format")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    /// Keep what was used within so many days
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    pub(crate) keep_days: u32,
    /// Shrink each store to so many MiB, least recently used first
    #[arg(long, value_name = "MIB")]
    pub(crate) max_size: Option<u64>,
    /// List what would go, and remove nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PinArgs {
    /// Files in which the SHA-256 of PTX stand: kernel locks, kernel sets of runs, the registry of promotions
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
}
