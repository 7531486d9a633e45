//! `cargo gate evidence bundle`.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use crate::cli::run_named::{RunNamed, quoted};
use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};
use gate_base::stage::Stage;
use gate_base::{atomic, exit};
use gate_evidence::bundle::make;
use gate_evidence::record::DecisionRecord;
use gate_report::render::text;

#[derive(Debug, Args)]
pub(crate) struct BundleArgs {
    /// Run id, `latest`, or the path of a run directory
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// File to write: a gzip-compressed tar archive
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Refuse a run that is not READY for this stage, or that judged other content than the present
    #[arg(long, value_name = "STAGE")]
    pub(crate) ready_for: Option<Stage>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

pub(super) fn run(arguments: &BundleArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let run = RunNamed::find(&arguments.run, conversation)?;
    if let Some(stage) = arguments.ready_for
        && let Some(because) = not_ready(&run.directory, stage, conversation)?
    {
        let help = format!("`cargo gate {stage}`, and bundle again");
        conversation
            .printer
            .warning(&format!("not bundled: {because}"), Some(&help));
        return Ok(exit::NOT_READY);
    }
    let bundle = make(&run.gate_dir, &run.directory)?;
    atomic::write_unsynced(&arguments.out, &bundle.bytes)?;
    match arguments.message_format {
        DataFormat::Json => conversation
            .printer
            .data(&crate::cli::json_with_version(&bundle.manifest)?)?,
        DataFormat::Human => {
            for excluded in &bundle.manifest.excluded {
                let message = format!("`{}`: it {}", excluded.path, excluded.why.words());
                conversation.printer.status("Left out", &message);
            }
            let out = arguments.out.to_string_lossy();
            let files = text::count(bundle.manifest.files.len() as u64, "file");
            let message = format!("run {} to `{out}`, {files}", bundle.manifest.run_id);
            conversation.printer.status("Bundled", &message);
            let digest = sha256_hex(&bundle.bytes);
            conversation.printer.data(format!(
                "sha256 {digest}\nchain {}\nnext: cargo gate verify {} --head {}\n",
                bundle.manifest.chain,
                quoted(&out),
                bundle.manifest.chain
            ))?;
        }
    }
    Ok(exit::READY)
}

/// Why a run does not permit the stage now.
fn not_ready(directory: &Path, stage: Stage, conversation: &Conversation<'_>) -> Result<Option<String>> {
    let path = directory.join("decision.json");
    let bytes = std::fs::read(&path).map_err(|error| Error::io("read", &path, &error))?;
    let record: DecisionRecord = serde_json::from_slice(&bytes)
        .map_err(|error| Error::tool(format!("cannot parse the decision of the run: {error}")))?;
    let (run, decision) = (&record.run_id, record.decision.name());
    if !record.decision.is_ready() || record.stage < stage {
        let judged = record.stage;
        return Ok(Some(format!(
            "run {run} decided {decision} for {judged}, and {stage} needs READY"
        )));
    }
    let content = conversation.workspace()?.files().content_digest().to_hex();
    let same = record.content.as_deref() == Some(&content);
    Ok((!same).then(|| format!("run {run} judged other content than the present")))
}
