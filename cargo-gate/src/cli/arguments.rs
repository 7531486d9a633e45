//! Arguments that subcommands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use gate_report::render::human::Detail;

/// Arguments that every subcommand understands, named as cargo names them.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH", global = true, help_heading = "Workspace options")]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Directory for all generated artifacts; this tool writes to its `gate` subdirectory
    #[arg(long, value_name = "DIRECTORY", global = true, help_heading = "Workspace options")]
    pub(crate) target_dir: Option<PathBuf>,
    /// Path to the policy [default: gate.toml next to the root manifest]
    #[arg(long, value_name = "PATH", global = true, help_heading = "Workspace options")]
    pub(crate) policy: Option<PathBuf>,
    /// Run without accessing the network
    #[arg(long, global = true, help_heading = "Workspace options")]
    pub(crate) offline: bool,
    /// Require a committed lockfile; without one, every stage is blocked
    #[arg(long, global = true, help_heading = "Workspace options")]
    pub(crate) locked: bool,
    /// Equivalent to --locked and --offline
    #[arg(long, global = true, help_heading = "Workspace options")]
    pub(crate) frozen: bool,
    /// Coloring: auto, always, never
    #[arg(long, value_name = "WHEN", global = true)]
    pub(crate) color: Option<clap::ColorChoice>,
    /// Print only the answer: no progress, no warnings
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print more: inputs, passing checks, every finding, checks that do not apply
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

/// A file that gets the report.
#[derive(Debug, Clone)]
pub(crate) struct ReportFile {
    /// How it is written.
    pub(crate) format: Format,
    /// Where.
    pub(crate) path: PathBuf,
}

pub(super) fn report_file(text: &str) -> Result<ReportFile, String> {
    let known: Vec<String> = Format::value_variants()
        .iter()
        .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()))
        .collect();
    let known = known.join(", ");
    match text.split_once('=') {
        Some((format, path)) if !path.is_empty() => Ok(ReportFile {
            format: Format::from_str(format, false).map_err(|_| format!("`{format}` is not one of {known}"))?,
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
    /// A page of HTML without scripts, for a browser
    Html,
    /// JUnit XML
    Junit,
    /// SARIF 2.1.0
    Sarif,
    /// GitHub workflow commands
    Github,
    /// GitLab Code Quality report
    Gitlab,
    /// JSON messages in the format of `cargo check`, one per line, for rust-analyzer
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

/// Whose signatures count.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct AuthorityArgs {
    /// Public key to accept signatures from, as in `id_ed25519.pub`; may be repeated [default: `authorities` under
    /// `[decisions]` in gate.toml]
    #[arg(long = "authority", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}
