//! `cargo gate evidence sign`.

use std::fs::File;
use std::io::{Read as _, stdin};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Conversation;
use crate::cli::arguments::AuthorityArgs;
use crate::cli::run_named::RunNamed;
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_evidence::signature;
use gate_evidence::verify::{ProblemKind, Signers, verify_signed};
use gate_policy::authority::{PrivateKey, PrivateKeyProblem};

#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// Run id, `latest`, or the path of a run directory
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Private Ed25519 key in OpenSSH format, without a passphrase
    #[arg(long, value_name = "FILE", required_unless_present_any = ["text", "attach"])]
    pub(crate) key: Option<PathBuf>,
    /// Print the text to sign instead, for `ssh-keygen -Y sign -n cargo-gate`
    #[arg(long, conflicts_with = "key")]
    pub(crate) text: bool,
    /// Attach an existing signature from a file; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "text"])]
    pub(crate) attach: Option<PathBuf>,
    /// Replace all existing signatures instead of adding one
    #[arg(long)]
    pub(crate) force: bool,
}

/// Keys and signatures are a few hundred bytes.
const MAX_BYTES: u64 = 64 << 10;

pub(super) fn run(arguments: &SignArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let run = RunNamed::find(&arguments.run, conversation)?;
    refuse_unverified(&run)?;
    if arguments.text {
        conversation.printer.data(&signature::text(&run.directory)?)?;
        return Ok(exit::READY);
    }
    let added = match (&arguments.key, &arguments.attach) {
        (Some(path), _) => {
            let name = &run.name;
            let with_ssh = format!(
                "`cargo gate evidence sign {name} --text | ssh-keygen -Y sign -n cargo-gate -f <key> | cargo gate evidence sign \
                 {name} --attach -`"
            );
            signature::sign(&run.directory, &private_key(path, &with_ssh)?, arguments.force)?
        }
        (None, Some(path)) => signature::attach(&run.directory, &short_text(path)?, arguments.force)?,
        // clap asks for one of the three.
        (None, None) => return Err(Error::usage("no signing key given").with_help("pass `--key <file>`")),
    };
    let keys = added.keys.join(" and ");
    if !added.written {
        return Err(Error::usage(format!(
            "the run is already signed with the key {keys}, which counts once"
        ))
        .with_help("sign with another key, or pass `--force` to replace all signatures"));
    }
    let message = format!("the decision of run {} with the key {keys}", run_id(&run));
    conversation.printer.status("Signed", &message);
    let signers = AuthorityArgs::default().signers(conversation)?;
    if signers.approvers.required() > 1 {
        let signature = signature::read(&run.directory, &signers.approvers)?;
        conversation.printer.status("Signature", &signature.words());
    }
    Ok(exit::READY)
}

fn run_id(run: &RunNamed) -> String {
    let name = run.directory.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Nobody puts a name to a run that does not verify.
fn refuse_unverified(run: &RunNamed) -> Result<()> {
    let verification = verify_signed(&run.gate_dir, run.directory.to_str(), None, &Signers::default())?;
    let problem = verification
        .problems
        .iter()
        .find(|problem| problem.kind != ProblemKind::WrongSignature);
    match problem {
        None => Ok(()),
        Some(problem) => Err(Error::usage(format!(
            "the run does not verify, so it is not signed: `{}`: {}",
            problem.file, problem.message
        ))
        .with_help(format!("`cargo gate verify {}`", run.name))),
    }
}

/// Reads a key. `unprotected` says what to do about a passphrase.
///
/// # Errors
/// It cannot be read, or is no key that signs (usage).
pub(in crate::cli) fn private_key(path: &Path, unprotected: &str) -> Result<PrivateKey> {
    let text = short_text(path)?;
    PrivateKey::parse(&text).map_err(|problem| {
        let (what, help) = match problem {
            PrivateKeyProblem::Malformed => (
                "is not an OpenSSH private key",
                "create one with `ssh-keygen -t ed25519 -f <file>`".to_owned(),
            ),
            PrivateKeyProblem::Protected => ("is protected by a passphrase", unprotected.to_owned()),
            PrivateKeyProblem::OtherAlgorithm => (
                "is not an Ed25519 key",
                "create one with `ssh-keygen -t ed25519 -f <file>`".to_owned(),
            ),
        };
        Error::usage(format!("`{}` {what}", path.display())).with_help(help)
    })
}

fn short_text(path: &Path) -> Result<String> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        stdin().lock().take(MAX_BYTES).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text))
    };
    read.map_err(|error| {
        Error::usage(format!("cannot read `{}`: {error}", path.display())).with_help("pass a readable file")
    })?;
    Ok(text)
}
