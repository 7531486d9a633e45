//! `cargo gate ready`.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Conversation;
use crate::cli::arguments::{AuthorityArgs, DataFormat};
use crate::cli::evidence;
use gate_base::error::Result;
use gate_evidence::run_dir::holds_run;
use gate_ready::{Options, validate};

#[derive(Debug, Args)]
pub(crate) struct ReadyArgs {
    /// Directory of the run; an id or `latest` is a run of the gate itself
    #[arg(long, value_name = "DIR", default_value = "latest")]
    pub(crate) run: String,
    /// Training data besides what the run declares (.jsonl, .csv, .tsv; .gz, .zst)
    #[arg(long, value_name = "FILE")]
    pub(crate) train: Vec<PathBuf>,
    /// Evaluation data besides what the run declares
    #[arg(long, value_name = "FILE")]
    pub(crate) eval: Vec<PathBuf>,
    /// Run to compare with [default: the `baseline_run` of its configuration]
    #[arg(long, value_name = "DIR")]
    pub(crate) baseline: Option<PathBuf>,
    /// Count warnings and skipped checks as failures [default: in CI]
    #[arg(long, overrides_with = "no_strict")]
    pub(crate) strict: bool,
    /// Let warnings pass, in CI too
    #[arg(long)]
    pub(crate) no_strict: bool,
    /// Print JSON, like `--message-format json`
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) authority: AuthorityArgs,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

pub(super) fn run(arguments: &ReadyArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let directory = Path::new(&arguments.run);
    let format = if arguments.json {
        DataFormat::Json
    } else {
        arguments.message_format
    };
    let is_path = directory.is_dir() || arguments.run.contains(['/', '\\']);
    if !is_path || is_own(directory) {
        let own = evidence::ready::ReadyArgs {
            run: arguments.run.clone(),
            audit: false,
            authority: arguments.authority.clone(),
            message_format: format,
        };
        return evidence::ready::run(&own, conversation);
    }
    let options = Options {
        run_id: None,
        project: project(directory),
        train: arguments.train.clone(),
        eval: arguments.eval.clone(),
        baseline: arguments.baseline.clone(),
    };
    let strict = arguments.strict || (!arguments.no_strict && conversation.environment.text("CI").is_some());
    let report = validate(directory, &options)?;
    let text = match format {
        DataFormat::Human => report.human(strict),
        DataFormat::Json => crate::cli::json(&report)?,
    };
    conversation.printer.data(&text)?;
    Ok(report.exit_code(strict))
}

/// Whether the gate wrote this directory: its record is a chain of runs.
fn is_own(run: &Path) -> bool {
    let record = std::fs::read(run.join("hashes.json")).unwrap_or_default();
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap_or_default();
    holds_run(run) && record.get("chain").is_some()
}

/// The top of the repository of a run: paths of its configuration start there.
fn project(run: &Path) -> Option<PathBuf> {
    let run = run.canonicalize().ok()?;
    run.ancestors()
        .find(|above| above.join(".git").exists())
        .map(Path::to_path_buf)
}
