//! The arguments of a stage, which the printing of plans and reports reads as well.

use super::super::arguments::{Format, ReportFile, report_file};
use clap::Args;
use gate_report::Partition;

/// Arguments of the three stages.
#[derive(Debug, Clone, Args)]
pub(crate) struct StageArgs {
    /// Limit the claim to these packages
    #[arg(short, long = "package", value_name = "SPEC", help_heading = "Workspace options")]
    pub(crate) packages: Vec<String>,
    /// Limit the claim to the packages that the changes since this revision can affect: those with changed files, and all that
    /// depend on them
    #[arg(
        long,
        value_name = "REVISION",
        conflicts_with = "packages",
        help_heading = "Workspace options"
    )]
    pub(crate) since: Option<String>,
    /// Judge every workspace of the repository
    #[arg(long, conflicts_with_all = ["packages", "partition", "manifest_path", "policy"], help_heading = "Workspace options")]
    pub(crate) all_workspaces: bool,
    /// Leave out the workspaces in this directory of the repository; may be repeated
    #[arg(
        long,
        value_name = "DIRECTORY",
        requires = "all_workspaces",
        help_heading = "Workspace options"
    )]
    pub(crate) except: Vec<String>,
    /// Show what would run and why, without running it
    #[arg(long)]
    pub(crate) plan: bool,
    /// Treat warnings as blocking
    #[arg(long)]
    pub(crate) strict: bool,
    /// Run suites even if a check or an earlier group of suites already blocks the stage
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Collect all evidence again
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Do not run suites: use their evidence where it is fresh, and record no run
    #[arg(long, conflicts_with_all = ["plan", "fresh"])]
    pub(crate) no_suites: bool,
    /// Apply the edits of findings that a machine can apply, then judge again, without running suites
    #[arg(long, conflicts_with_all = ["plan", "fresh", "partition", "all_workspaces"])]
    pub(crate) fix: bool,
    /// Print what `--fix` would change as a diff, and change nothing
    #[arg(long, requires = "fix", conflicts_with_all = ["message_format", "reports"])]
    pub(crate) dry_run: bool,
    /// Fix files although others have changes that are not committed
    #[arg(long, requires = "fix")]
    pub(crate) allow_dirty: bool,
    /// Fix files although there is no git repository
    #[arg(long, requires = "fix")]
    pub(crate) allow_no_vcs: bool,
    /// Run one share of the suites, such as 1/3: nextest divides its tests, other suites are dealt out whole. The exit code is 5 if
    /// nothing in the shard blocks; `cargo gate evidence merge` decides
    #[arg(long, value_name = "SHARD/COUNT", conflicts_with = "no_suites")]
    pub(crate) partition: Option<Partition>,
    /// Number of suites to run in parallel
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: u16,
    /// Print how long each phase and check took to stderr
    #[arg(long, conflicts_with = "plan")]
    pub(crate) timings: bool,
    /// Format of the report on stdout
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human)]
    pub(crate) message_format: Format,
    /// Also write the report to a file, in any of these formats, such as `--report
    /// gitlab=target/gate/code-quality.json`
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = report_file, conflicts_with = "plan")]
    pub(crate) reports: Vec<ReportFile>,
}

impl StageArgs {
    /// What the command line has where nothing is passed.
    pub(in crate::cli) fn usual() -> Self {
        Self {
            packages: Vec::new(),
            since: None,
            all_workspaces: false,
            except: Vec::new(),
            plan: false,
            strict: false,
            keep_going: false,
            fresh: false,
            no_suites: false,
            fix: false,
            dry_run: false,
            allow_dirty: false,
            allow_no_vcs: false,
            partition: None,
            jobs: 1,
            timings: false,
            message_format: Format::Human,
            reports: Vec::new(),
        }
    }
}
