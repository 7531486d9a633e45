//! `cargo gate ready`.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Conversation;
use crate::cli::arguments::{AuthorityArgs, DataFormat};
use crate::cli::evidence;
use crate::cli::evidence::sign::private_key;
use gate_base::error::{Error, Result};
use gate_base::{atomic, exit};
use gate_evidence::run_dir::holds_run;
use gate_policy::authority::check_public_key;
use gate_ready::{Options, Part, Shard, validate};
use gate_release::dsse::Envelope;
use gate_report::Partition;

#[derive(Debug, Args)]
pub(crate) struct ReadyArgs {
    /// Directory of the run, or a database of MLflow; an id or `latest` is a run of the gate itself
    #[arg(long, value_name = "DIR", default_value = "latest")]
    pub(crate) run: String,
    /// Run of a database of MLflow: its id, `models:/NAME@ALIAS` or `models:/NAME/VERSION`
    #[arg(long, value_name = "ID")]
    pub(crate) run_id: Option<String>,
    /// Training data besides what the run declares (.jsonl, .csv, .tsv; .gz, .zst)
    #[arg(long, value_name = "FILE")]
    pub(crate) train: Vec<PathBuf>,
    /// Evaluation data besides what the run declares
    #[arg(long, value_name = "FILE")]
    pub(crate) eval: Vec<PathBuf>,
    /// Run to compare with; in a database of MLflow also as for `--run-id` [default: the `baseline_run` of its configuration]
    #[arg(long, value_name = "DIR")]
    pub(crate) baseline: Option<PathBuf>,
    /// Public key in PEM of those who may sign a model, for what OpenSSF's model-signing wrote (`model.sig`)
    #[arg(long, value_name = "FILE")]
    pub(crate) model_key: Vec<PathBuf>,
    /// Compare one part of the training data only, such as 2/3, and write what was found
    #[arg(
        long,
        value_name = "SHARD/COUNT",
        requires = "key",
        requires = "output",
        conflicts_with = "part"
    )]
    pub(crate) shard: Option<Partition>,
    /// Private Ed25519 key in OpenSSH format that signs the part
    #[arg(long, value_name = "FILE", requires = "shard")]
    pub(crate) key: Option<PathBuf>,
    /// File that receives the part
    #[arg(long, value_name = "FILE", requires = "shard")]
    pub(crate) output: Option<PathBuf>,
    /// Part that another machine compared, instead of comparing the data here; pass each of them
    #[arg(long, value_name = "FILE", requires = "signer")]
    pub(crate) part: Vec<PathBuf>,
    /// Public Ed25519 key, as in `id_ed25519.pub`, of those who may sign parts
    #[arg(long, value_name = "KEY", requires = "part")]
    pub(crate) signer: Vec<String>,
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
    let is_path = directory.exists() || arguments.run.contains(['/', '\\']);
    if !is_path || is_own(directory) {
        if arguments.shard.is_some() || !arguments.part.is_empty() {
            return Err(Error::usage("a run of the gate itself has no data to compare in parts")
                .with_help("name the directory of a training run with `--run DIR`"));
        }
        let own = evidence::ready::ReadyArgs {
            run: arguments.run.clone(),
            audit: false,
            authority: arguments.authority.clone(),
            message_format: format,
        };
        return evidence::ready::run(&own, conversation);
    }
    let mut options = Options {
        run_id: arguments.run_id.clone(),
        project: project(directory),
        train: arguments.train.clone(),
        eval: arguments.eval.clone(),
        baseline: arguments.baseline.clone(),
        model_keys: gate_ready::keys(&arguments.model_key)?,
        parts: Vec::new(),
    };
    if let (Some(shard), Some(key), Some(output)) = (arguments.shard, &arguments.key, &arguments.output) {
        return write_part(directory, &options, shard, (key, output), conversation);
    }
    for path in &arguments.part {
        let name = path.to_string_lossy().into_owned();
        options.parts.push((name, read_part(path, &arguments.signer)?));
    }
    let strict = arguments.strict || (!arguments.no_strict && conversation.environment.text("CI").is_some());
    let report = validate(directory, &options)?;
    let text = match format {
        DataFormat::Human => report.human(strict),
        DataFormat::Json => crate::cli::json(&report)?,
    };
    conversation.printer.data(&text)?;
    Ok(report.exit_code(strict))
}

/// Payload type of a signed part.
const PART: &str = "application/vnd.cargo-gate.ready-part+json";

/// Compares one part of the data and signs the result, because the merge cannot recompute it.
fn write_part(
    directory: &Path,
    options: &Options,
    shard: Partition,
    (key, output): (&Path, &Path),
    conversation: &Conversation<'_>,
) -> Result<i32> {
    let key = private_key(key, "remove it from a copy of the key with `ssh-keygen -p`")?;
    let asked = Shard {
        part: shard.shard.into(),
        of: shard.of.into(),
    };
    let part = gate_ready::part(directory, options, asked)?;
    let envelope = Envelope::sign(part.to_json().as_bytes(), PART, &key);
    let text = serde_json::to_string(&envelope).map_err(|error| Error::tool(format!("cannot write JSON: {error}")))?;
    atomic::write(output, (text + "\n").as_bytes())?;
    let message = format!("part {shard} of the comparison to `{}`", output.display());
    conversation.printer.status("Wrote", &message);
    Ok(exit::SHARD)
}

/// Reads a part that one of these keys signed.
fn read_part(path: &Path, signers: &[String]) -> Result<Part> {
    for key in signers {
        let malformed = |why: String| Error::usage(format!("`--signer`: {why}"));
        check_public_key(key).map_err(malformed)?;
    }
    let refused = |why: String| {
        Error::usage(format!("the part `{}` is refused: {why}", path.display())).with_help(
            "write it again with `cargo gate ready --shard`, and pass the public key of the machine as `--signer`",
        )
    };
    let bytes = std::fs::read(path).map_err(|error| Error::io("read", path, &error))?;
    let payload = Envelope::open(&bytes, PART, signers).map_err(refused)?;
    Part::parse(&payload).map_err(refused)
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
