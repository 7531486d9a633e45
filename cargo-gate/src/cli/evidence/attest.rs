//! `cargo gate evidence attest`.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::sign::private_key;
use crate::cli::Conversation;
use gate_base::atomic;
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_base::paths;
use gate_evidence::attested::Attested;
use gate_policy::authority::fingerprint;

#[derive(Debug, Args)]
pub(crate) struct AttestArgs {
    /// Files with results, relative to the workspace root
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    /// What wrote the results, in words
    #[arg(long, value_name = "NAME")]
    producer: String,
    /// Private Ed25519 key in OpenSSH format, without a passphrase
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// File that receives the statement; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
}

pub(super) fn run(arguments: &AttestArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let workspace = conversation.workspace()?;
    let key = private_key(
        &arguments.key,
        "remove it from a copy of the key with `ssh-keygen -p`, or use a key of the machine that makes the results",
    )?;
    if arguments.producer.trim().is_empty() {
        return Err(Error::usage("no producer given").with_help("pass `--producer \"pytest 8.4\"`"));
    }
    let content = workspace.files().content_digest().to_hex();
    let commit = workspace.git().and_then(|git| git.head.clone());
    let files: Vec<String> = arguments
        .files
        .iter()
        .map(|path| paths::spell(std::path::Path::new(path)))
        .collect();
    let statement = Attested::about(
        workspace.root(),
        &files,
        &arguments.producer,
        Timestamp::now(),
        (content, commit),
    )?;
    let text = statement.signed(&key).to_json();
    if arguments.output.as_os_str() == "-" {
        conversation.printer.data(&text)?;
    } else {
        atomic::write(&arguments.output, text.as_bytes())?;
    }
    let key = fingerprint(&key.public());
    let files = files.join("`, `");
    let message = format!(
        "that `{}` wrote `{files}` for this content, with the key {key}",
        arguments.producer
    );
    conversation.printer.status("Attested", &message);
    Ok(exit::READY)
}
