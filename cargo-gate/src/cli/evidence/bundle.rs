//! `cargo gate evidence bundle`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use crate::cli::run_named::{RunNamed, quoted};
use gate_base::digest::sha256_hex;
use gate_base::error::Result;
use gate_base::{atomic, exit};
use gate_evidence::bundle::make;
use gate_report::render::text;

#[derive(Debug, Args)]
pub(crate) struct BundleArgs {
    /// Run id, `latest`, or the path of a run directory
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// File to write: a gzip-compressed tar archive
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

pub(super) fn run(arguments: &BundleArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let run = RunNamed::find(&arguments.run, conversation)?;
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
