//! Arguments of `cargo gate promote`, and of `cargo gate rollback`, which takes back.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::base::stage::Stage;

use super::DataFormat;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct PromoteArgs {
    #[command(subcommand)]
    pub(crate) what: Option<PromoteWhat>,
    #[command(flatten)]
    pub(crate) artifacts: Option<PromoteArtifactsArgs>,
}

#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// Fingerprint of a kernel set or its beginning, or `last` for the newest other one [default: list the sets]
    #[arg(long, value_name = "FINGERPRINT")]
    pub(crate) to: Option<String>,
    /// Rehearse in a copy, and run the suites of the conformance matrix there; the work tree stays as it is
    #[arg(long, requires = "to")]
    pub(crate) drill: bool,
    /// Seconds that the restoration may take, suites apart
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) within: u64,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PromoteWhat {
    /// Promote a locked kernel that is correct and faster than its baseline
    Kernel(PromoteKernelArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PromoteKernelArgs {
    /// Entry of a kernel lock
    #[arg(value_name = "KERNEL")]
    pub(crate) kernel: String,
    /// Stage that it shall enter
    #[arg(long, value_name = "STAGE")]
    pub(crate) to: Stage,
    /// Record of a measurement beside the baseline, in JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) measurement: Option<PathBuf>,
    /// Who promotes
    #[arg(long, value_name = "NAME")]
    pub(crate) by: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// File that keeps the promotions [default: gate/registry.jsonl beside the root manifest]
    #[arg(long, value_name = "PATH")]
    pub(crate) registry: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

#[derive(Debug, Args)]
pub(crate) struct PromoteArtifactsArgs {
    /// Files that are shipped
    #[arg(
        value_name = "ARTIFACT",
        required_unless_present = "all_candidates",
        conflicts_with = "all_candidates"
    )]
    pub(crate) artifacts: Vec<PathBuf>,
    /// Everything that the workspace ships and that is built, and what was promoted before and is still there
    #[arg(long)]
    pub(crate) all_candidates: bool,
    /// Profile that the candidates were built with
    #[arg(long, value_name = "NAME", default_value = "release", requires = "all_candidates")]
    pub(crate) profile: String,
    /// Stage that they shall enter
    #[arg(long, value_name = "STAGE")]
    pub(crate) to: Stage,
    /// Who promotes
    #[arg(long, value_name = "NAME")]
    pub(crate) by: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Let the run decide: a warning means one stage below, a run that is not ready is recorded as a rejection
    #[arg(long)]
    pub(crate) auto: bool,
    /// File that keeps the promotions [default: gate/registry.jsonl beside the root manifest]
    #[arg(long, value_name = "PATH")]
    pub(crate) registry: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}
