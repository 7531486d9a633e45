//! `cargo gate verify`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use clap::Args;
use serde::Serialize;

use crate::cli::arguments::{AuthorityArgs, DataFormat};
use gate_base::error::Result;
use gate_base::exit;
use gate_evidence::bundle;
use gate_evidence::merge::{self, Merged};
use gate_evidence::signature::Signature;
use gate_evidence::verify::{Signers, Status, Verification, verify_signed};
use gate_report::render::text;

use super::Conversation;
use super::run_named::RunNamed;

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Run id, `latest`, or the path of a run directory, bundle, merged decision or release [default: the whole history]
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// Chain hash from an earlier report that the history must contain
    #[arg(long, value_name = "HASH")]
    pub(crate) head: Option<String>,
    #[command(flatten)]
    pub(crate) authority: AuthorityArgs,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

pub(super) fn run(arguments: &VerifyArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let signers = arguments.authority.signers(conversation)?;
    let head = arguments.head.as_deref();
    let named = arguments.run.as_deref();
    let path = named.map(Path::new);
    if let Some(directory) = path.filter(|path| gate_release::verify::holds_release(path)) {
        return release(directory, arguments, signers.approvers.keys(), conversation);
    }
    let verification = match (named, path) {
        (_, Some(path)) if is_merged(path) => return merged(path, arguments, &signers, conversation),
        (_, Some(path)) if path.is_file() => bundle::verify(path, head, &signers)?,
        (Some(name), Some(path)) if path.is_dir() => {
            let run = RunNamed::find(name, conversation)?;
            verify_signed(&run.gate_dir, run.directory.to_str(), head, &signers)?
        }
        _ => verify_signed(&conversation.workspace()?.gate_dir(), named, head, &signers)?,
    };
    let text = match arguments.message_format {
        DataFormat::Human => human(&verification),
        DataFormat::Json => super::json(&verification)?,
    };
    conversation.printer.data(&text)?;
    Ok(match verification.status {
        Status::Verified => exit::READY,
        Status::Tampered | Status::Incomplete => exit::NOT_READY,
    })
}

/// Verifies what a release handed out.
fn release(directory: &Path, arguments: &VerifyArgs, keys: &[String], conversation: &Conversation<'_>) -> Result<i32> {
    let verification = gate_release::verify::verify(directory, keys)?;
    let text = match arguments.message_format {
        DataFormat::Json => super::json(&verification)?,
        DataFormat::Human => {
            let mut out = String::new();
            for problem in &verification.problems {
                out += &format!("{}: {}\n", text::line(&problem.file), text::line(&problem.message));
            }
            if let Some(receipt) = &verification.receipt {
                out += &format!(
                    "release {} {} of commit {}: {} for {}\n",
                    text::line(&receipt.name),
                    text::line(&receipt.version),
                    text::line(&receipt.commit),
                    receipt.decision.name(),
                    receipt.stage
                );
            }
            out + &format!(
                "{}: {} checked, {}\n",
                verification.status.name(),
                text::count(verification.files_checked as u64, "file"),
                text::count(verification.problems.len() as u64, "problem"),
            )
        }
    };
    conversation.printer.data(&text)?;
    Ok(match verification.status {
        Status::Verified => exit::READY,
        Status::Tampered | Status::Incomplete => exit::NOT_READY,
    })
}

/// Whether a file is JSON, as merged decisions are; bundles are archives.
fn is_merged(path: &Path) -> bool {
    let mut first = [0];
    path.is_file() && File::open(path).is_ok_and(|mut file| file.read_exact(&mut first).is_ok()) && first == *b"{"
}

fn merged(path: &Path, arguments: &VerifyArgs, signers: &Signers, conversation: &Conversation<'_>) -> Result<i32> {
    let (merged, problems, signature) = merge::verify(path, signers)?;
    let text = match arguments.message_format {
        DataFormat::Human => {
            let mut out = super::evidence::merge::human(&merged, conversation.printer.detail());
            for problem in &problems {
                out.push_str(&format!("{}\n", text::line(problem)));
            }
            let status = if problems.is_empty() { "verified" } else { "tampered" };
            out + &format!("{status}\nsignature: {}\n", text::line(&signature.words()))
        }
        DataFormat::Json => super::json(&VerifiedMerged {
            verified: problems.is_empty(),
            problems: &problems,
            signature: &signature,
            merged: &merged,
        })?,
    };
    conversation.printer.data(&text)?;
    Ok(if problems.is_empty() {
        exit::READY
    } else {
        exit::NOT_READY
    })
}

/// What verification of a merged decision says, as JSON.
#[derive(Serialize)]
struct VerifiedMerged<'a> {
    verified: bool,
    problems: &'a [String],
    signature: &'a Signature,
    merged: &'a Merged,
}

fn human(verification: &Verification) -> String {
    let mut out = String::new();
    for problem in &verification.problems {
        out.push_str(&format!(
            "{}: {}\n",
            text::line(&problem.file),
            text::line(&problem.message)
        ));
    }
    let history = if verification.history_checked {
        ""
    } else {
        ", the history was not checked"
    };
    out.push_str(&format!(
        "{}: {} checked, {}{history}\n",
        verification.status.name(),
        text::count(verification.runs_checked as u64, "run"),
        text::count(verification.problems.len() as u64, "problem"),
    ));
    if let Some(signature) = &verification.signature {
        out.push_str(&format!("signature: {}\n", text::line(&signature.words())));
    }
    if let Some(head) = &verification.head {
        out.push_str(&format!("chain head {head}\n"));
    }
    if let Some(remedy) = verification.remedy() {
        out.push_str(&format!("help: {remedy}\n"));
    }
    out
}
