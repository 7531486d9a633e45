//! `cargo gate verify`.

use std::path::Path;

use clap::Args;

use crate::cli::arguments::{AuthorityArgs, DataFormat};
use gate_base::error::Result;
use gate_base::exit;
use gate_evidence::bundle;
use gate_evidence::verify::{Status, Verification, verify_signed};
use gate_report::render::text;

use super::Conversation;
use super::run_named::RunNamed;

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Run id, `latest`, or the path of a run directory, a bundle or a release [default: the whole history]
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
        return release(directory, arguments, &signers.authorities, conversation);
    }
    let verification = match (named, path) {
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
