//! The command line as a value: every subcommand with its arguments. What they do is the business of
//! [`cli`](crate::cli); checks and documentation read them here.

mod cache;
mod kernels;
mod migrate;
mod promote;
mod register;
mod runs;

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::base::stage::Stage;
use crate::report::render::human::Detail;

pub(crate) use self::cache::{CacheCommand, GcArgs, PinArgs};
pub(crate) use self::kernels::{
    KernelsBuildArgs, KernelsCheckArgs, KernelsCommand, KernelsCompileArgs, KernelsDiffArgs, KernelsInspectArgs,
};
pub(crate) use self::migrate::{MigrateCommand, PreflightArgs};
pub(crate) use self::promote::{PromoteArgs, PromoteArtifactsArgs, PromoteKernelArgs, PromoteWhat, RollbackArgs};
pub(crate) use self::register::{
    RegisterAddArgs, RegisterCloseArgs, RegisterCommand, RegisterDeferArgs, RegisterListArgs,
};
pub(crate) use self::runs::{AuthorityArgs, BundleArgs, ReadyArgs, SignArgs, VerifyArgs};

/// The whole command tree, from which help, completions, man pages and the reference are made.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Decides, from evidence, whether a Cargo workspace may enter the next rollout stage.
#[derive(Debug, Parser)]
#[command(
    name = "cargo-gate",
    bin_name = "cargo gate",
    version,
    about,
    styles = clap_styles(),
    after_help = "Without a gate.toml the defaults apply: `cargo gate pilot` is useful in any Cargo workspace.\n\
                  `cargo gate explain exit-code` lists what the exit codes mean."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The look of cargo's own help.
fn clap_styles() -> clap::builder::Styles {
    use anstyle::{AnsiColor, Style};
    let heading = AnsiColor::BrightGreen.on_default().bold();
    let literal = AnsiColor::BrightCyan.on_default().bold();
    clap::builder::Styles::plain()
        .header(heading)
        .usage(heading)
        .literal(literal)
        .placeholder(AnsiColor::Cyan.on_default())
        .error(AnsiColor::BrightRed.on_default().bold())
        .valid(literal)
        .invalid(AnsiColor::BrightYellow.on_default().bold())
        .context(Style::new())
}

/// Arguments that every subcommand understands, named as cargo names them.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH", global = true, help_heading = "Workspace options")]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Directory for all generated artifacts; what this tool writes goes to its `gate` folder
    #[arg(long, value_name = "DIRECTORY", global = true, help_heading = "Workspace options")]
    pub(crate) target_dir: Option<PathBuf>,
    /// Path to the policy [default: gate.toml beside the root manifest]
    #[arg(long, value_name = "PATH", global = true, help_heading = "Workspace options")]
    pub(crate) policy: Option<PathBuf>,
    /// Run without accessing the network
    #[arg(long, global = true, help_heading = "Workspace options")]
    pub(crate) offline: bool,
    /// Assert that a committed lockfile is used: its absence blocks every stage
    #[arg(long, global = true, help_heading = "Workspace options")]
    pub(crate) locked: bool,
    /// Equivalent to --locked and --offline
    #[arg(long, global = true, help_heading = "Workspace options")]
    pub(crate) frozen: bool,
    /// Coloring: auto, always, never
    #[arg(long, value_name = "WHEN", global = true)]
    pub(crate) color: Option<clap::ColorChoice>,
    /// Print only the verdict
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print passing checks and every finding
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

impl Global {
    /// How much to show.
    pub(crate) fn detail(&self) -> Detail {
        match (self.quiet, self.verbose) {
            (true, _) => Detail::Quiet,
            (_, true) => Detail::Verbose,
            _ => Detail::Normal,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// May this workspace enter the pilot stage: first use in one service or internal tool?
    Pilot(StageArgs),
    /// May this workspace enter the controlled stage: limited production use under guardrails?
    Controlled(StageArgs),
    /// May this workspace enter the broad stage: unlimited production use?
    Broad(StageArgs),
    /// Show every check at every stage from the evidence at hand, running nothing
    Status(FormatArgs),
    /// Write a commented gate.toml, CI workflows, and a crate of kernels where asked for
    Init(InitArgs),
    /// Explain a check, an exit code, a stage, a run or what kernels did in it
    Explain(ExplainArgs),
    /// Run suites by name
    Suite(SuiteArgs),
    /// Show where typed code meets raw authority
    Boundaries(BoundariesArgs),
    /// Build, lock, verify, inspect and compare GPU kernels
    #[command(subcommand)]
    Kernels(KernelsCommand),
    /// Write the generated blocks of documents, and files that repeat `[toolchain]`
    Docs(DocsArgs),
    /// Hold the checkboxes of documents against the evidence at hand, or the public interface against the last release
    Drift(DriftArgs),
    /// Show where library code panics
    Panics(PanicsArgs),
    /// Verify a run and the history, byte by byte
    Verify(VerifyArgs),
    /// Ask a run directory whether it is whole, ready, searched for secrets and signed
    Ready(ReadyArgs),
    /// Sign the decision of a run
    Sign(SignArgs),
    /// Pack what of a run may be handed on: no data, no binaries, no secrets
    Bundle(BundleArgs),
    /// Add, list or sign waivers
    #[command(subcommand)]
    Waiver(WaiverCommand),
    /// Add, defer, close or list items of the register
    #[command(subcommand)]
    Register(RegisterCommand),
    /// Close a run out: what was decided, what it rests on, what remains, who goes on
    Closeout(CloseoutArgs),
    /// Record which artifacts may go to a stage, by the run that judged what they were built from
    Promote(PromoteArgs),
    /// Bring back the kernels of a run that was ready, or rehearse it
    Rollback(RollbackArgs),
    /// List the runs in this workspace
    History(HistoryArgs),
    /// Serve editors that speak the Language Server Protocol, on standard input and output
    Lsp,
    /// Judge migrations between versions of kernel sets, schemas and configuration files
    #[command(subcommand)]
    Migrate(MigrateCommand),
    /// Write a badge of the latest decision, as Shields reads it
    Badge(BadgeArgs),
    /// Show, verify or shrink the stores of evidence and of kernels
    #[command(subcommand)]
    Cache(CacheCommand),
    /// Show which tools are installed and what each missing one costs
    Doctor(FormatArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

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
    /// Make all evidence anew
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

/// A file that gets the report.
#[derive(Debug, Clone)]
pub(crate) struct ReportFile {
    /// How it is written.
    pub(crate) format: Format,
    /// Where.
    pub(crate) path: PathBuf,
}

fn report_file(text: &str) -> Result<ReportFile, String> {
    let known: Vec<String> = Format::value_variants()
        .iter()
        .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()))
        .collect();
    let known = known.join(", ");
    match text.split_once('=') {
        Some((format, path)) if !path.is_empty() => Ok(ReportFile {
            format: Format::from_str(format, false).map_err(|_| format!("`{format}` is none of {known}"))?,
            path: PathBuf::from(path),
        }),
        _ => Err(format!("write FORMAT=FILE, where FORMAT is one of {known}")),
    }
}

/// Report formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Diagnostics for people
    Human,
    /// The report model as JSON
    Json,
    /// Markdown, for a job summary or a sign-off
    Markdown,
    /// JUnit XML
    Junit,
    /// SARIF 2.1.0
    Sarif,
    /// GitHub workflow commands
    Github,
    /// GitLab Code Quality report
    Gitlab,
    /// Messages as `cargo check` prints them, one JSON object per line, for rust-analyzer
    CargoJson,
}

/// Formats of commands that are no reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataFormat {
    /// A table for people
    Human,
    /// JSON
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct FormatArgs {
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Overwrite files that exist
    #[arg(long)]
    pub(crate) force: bool,
    /// CI systems to write a workflow for
    #[arg(long, value_name = "SYSTEM", value_enum, value_delimiter = ',')]
    pub(crate) ci: Option<Vec<CiSystem>>,
    /// Also write a crate with a GPU kernel to begin with, in this directory [default: kernels]
    #[arg(long, value_name = "DIRECTORY", num_args = 0..=1, default_missing_value = "kernels")]
    pub(crate) kernels: Option<String>,
    /// Print what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// CI systems that `init` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CiSystem {
    /// GitHub Actions
    Github,
    /// GitLab CI
    Gitlab,
    /// No workflow
    None,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A check id, a stage, `exit-code` or one of them by number, a run id, `latest`, or the path of a run directory, of a
    /// decision log or of run stats [default: list the topics]
    #[arg(value_name = "TOPIC")]
    pub(crate) topic: Option<String>,
    /// Output format; JSON lists every check, or the one that is named
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

#[derive(Debug, Args)]
pub(crate) struct SuiteArgs {
    /// Names or ids of suites, with `*` and `?`
    #[arg(value_name = "PATTERN", required_unless_present_any = ["all", "list"])]
    pub(crate) patterns: Vec<String>,
    /// Run every suite
    #[arg(long, conflicts_with = "patterns")]
    pub(crate) all: bool,
    /// List the suites, and run nothing
    #[arg(long)]
    pub(crate) list: bool,
    /// Number of suites to run at a time
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: u16,
}

#[derive(Debug, Args)]
pub(crate) struct BoundariesArgs {
    /// Limit the table to these packages
    #[arg(short, long = "package", value_name = "SPEC", help_heading = "Workspace options")]
    pub(crate) packages: Vec<String>,
    /// Include the packages that the lockfile resolves to
    #[arg(long)]
    pub(crate) dependencies: bool,
    /// Write the inventory file that the policy names
    #[arg(long)]
    pub(crate) write: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

#[derive(Debug, Args)]
pub(crate) struct DocsArgs {
    /// Show what would change and fail if anything would, and write nothing
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DriftArgs {
    /// Set the boxes from the evidence, and change nothing else
    #[arg(long)]
    pub(crate) fix: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

#[derive(Debug, Args)]
pub(crate) struct PanicsArgs {
    /// Limit the table to these packages
    #[arg(short, long = "package", value_name = "SPEC", help_heading = "Workspace options")]
    pub(crate) packages: Vec<String>,
    /// List every place
    #[arg(long)]
    pub(crate) list: bool,
    /// Write the inventory file that the policy names
    #[arg(long)]
    pub(crate) write: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WaiverCommand {
    /// Append a waiver to gate.toml
    Add(WaiverAddArgs),
    /// List the waivers of gate.toml and whether each still holds
    List(FormatArgs),
    /// Print the text of a waiver that is signed
    Text(WaiverTextArgs),
    /// Write a signature, made by `ssh-keygen -Y sign -n cargo-gate`, into a waiver
    Attach(WaiverAttachArgs),
}

#[derive(Debug, Args)]
pub(crate) struct WaiverTextArgs {
    /// Number of the waiver, as `cargo gate waiver list` shows it
    #[arg(value_name = "NUMBER")]
    pub(crate) number: usize,
}

#[derive(Debug, Args)]
pub(crate) struct WaiverAttachArgs {
    /// Number of the waiver, as `cargo gate waiver list` shows it
    #[arg(value_name = "NUMBER")]
    pub(crate) number: usize,
    /// File that holds the signature [default: standard input]
    #[arg(long, value_name = "PATH")]
    pub(crate) signature: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct WaiverAddArgs {
    /// Id of the check whose finding is permitted
    #[arg(long, value_name = "ID")]
    pub(crate) check: String,
    /// Glob over the path of the finding
    #[arg(long, value_name = "GLOB")]
    pub(crate) path: Option<String>,
    /// Package the finding is about
    #[arg(long, value_name = "NAME")]
    pub(crate) package: Option<String>,
    /// Text that the message of the finding contains
    #[arg(long, value_name = "TEXT")]
    pub(crate) contains: Option<String>,
    /// Who answers for it
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: String,
    /// Why it is acceptable
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Last day on which it holds, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub(crate) expires: jiff::civil::Date,
}

#[derive(Debug, Args)]
pub(crate) struct CloseoutArgs {
    /// Run id [default: the latest run]
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// What comes next where the decision is NO [default: the first step that would unblock the stage]
    #[arg(long, value_name = "TEXT")]
    pub(crate) next_action: Option<String>,
    /// Who does it
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: Option<String>,
    /// By which day, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub(crate) target_date: Option<jiff::civil::Date>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = CloseoutFormat::Human)]
    pub(crate) message_format: CloseoutFormat,
}

/// Formats of a closeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CloseoutFormat {
    /// Plain text
    Human,
    /// Markdown, for a ticket or release notes
    Markdown,
    /// JSON
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Show only this stage
    #[arg(long, value_name = "STAGE")]
    pub(crate) stage: Option<Stage>,
    /// Show at most so many runs, newest first
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Verify the whole history as well
    #[arg(long)]
    pub(crate) verify: bool,
    /// Print the last run that was not READY as an item for the register
    #[arg(long, conflicts_with_all = ["verify", "limit"])]
    pub(crate) last_failure: bool,
    /// Count runs by calendar week (ISO 8601, UTC), and with a register items that were opened and closed
    #[arg(long, conflicts_with_all = ["verify", "limit", "last_failure"])]
    pub(crate) weekly: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

#[derive(Debug, Args)]
pub(crate) struct BadgeArgs {
    /// File to write instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
