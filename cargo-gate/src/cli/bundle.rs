//! `cargo gate bundle`.

use crate::base::atomic;
use crate::base::digest::sha256_hex;
use crate::base::error::Result;
use crate::base::exit;
use crate::evidence::bundle::make;
use crate::report::render::text;

use super::Conversation;
use super::run_named::{RunNamed, quoted};
use crate::command_line::{BundleArgs, DataFormat};

pub(super) fn run(arguments: &BundleArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let run = RunNamed::find(&arguments.run, conversation)?;
    let bundle = make(&run.gate_dir, &run.directory)?;
    atomic::write_unsynced(&arguments.out, &bundle.bytes)?;
    match arguments.message_format {
        DataFormat::Json => conversation.printer.data(&super::json(&bundle.manifest)?)?,
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
            conversation.printer.data(&format!(
                "sha256 {digest}\nchain {}\nnext: cargo gate verify {} --head {}\n",
                bundle.manifest.chain,
                quoted(&out),
                bundle.manifest.chain
            ))?;
        }
    }
    Ok(exit::READY)
}
