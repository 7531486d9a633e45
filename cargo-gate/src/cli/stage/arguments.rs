//! The arguments of a stage, which the printing of plans and reports reads as well.

use super::super::arguments::{Format, ReportFile, report_file};
use clap::Args;

/// Arguments of the three stages.
#[derive(Debug, Args)]
pub(crate) struct StageArgs {
    /// Limit the claim to these packages
    #[arg(short, long = "package", value_name = "SPEC", help_heading = "Workspace options")]
    pub(crate) packages: Vec<String>,
    /// Show what would run and why, and run nothing
    #[arg(long)]
    pub(crate) plan: bool,
    /// Let warnings block
    #[arg(long)]
    pub(crate) strict: bool,
    /// Run suites even where a check or an earlier group of suites already blocks the stage
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Collect all evidence again
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Judge without running suites: their evidence counts where it is fresh, and no run is recorded
    #[arg(long, conflicts_with_all = ["plan", "fresh", "keep_going"])]
    pub(crate) no_suites: bool,
    /// Number of suites to run at a time
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: u16,
    /// Show on stderr what each phase and each check cost
    #[arg(long, conflicts_with = "plan")]
    pub(crate) timings: bool,
    /// Format of the report on stdout
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human)]
    pub(crate) message_format: Format,
    /// Also write the report to a file, in any of these formats: `--report gitlab=target/gate/code-quality.json`
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = report_file, conflicts_with = "plan")]
    pub(crate) reports: Vec<ReportFile>,
}
