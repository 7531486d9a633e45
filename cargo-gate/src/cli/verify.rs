//! `cargo gate verify`.

use crate::error::Result;
use crate::evidence::verify::{Status, Verification, verify};
use crate::exit;
use crate::report::render::text;

use super::Conversation;
use crate::command_line::{DataFormat, VerifyArgs};

pub(super) fn run(arguments: &VerifyArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let workspace = conversation.workspace()?;
    let verification = verify(
        &workspace.gate_dir(),
        arguments.run.as_deref(),
        arguments.head.as_deref(),
    )?;
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
    if let Some(head) = &verification.head {
        out.push_str(&format!("chain head {head}\n"));
    }
    if let Some(remedy) = verification.remedy() {
        out.push_str(&format!("help: {remedy}\n"));
    }
    out
}
