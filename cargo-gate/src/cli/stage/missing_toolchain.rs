//! The toolchain that a workspace pins is not on this machine: what needs no compiler is judged with another one.

use std::ffi::OsStr;

use gate_base::error::{Error, ErrorKind, Result};
use gate_base::exit;
use gate_base::stage::Stage;
use jiff::Timestamp;

use super::super::Conversation;
use super::arguments::StageArgs;
use super::judge_without_suites;

/// Judges without suites, with the default toolchain of rustup in place of the missing one. The decision is never ready.
///
/// # Errors
/// The error that led here, if it is about something else or there is no other toolchain.
pub(super) fn judge(
    error: Error,
    stage: Stage,
    arguments: &StageArgs,
    now: Timestamp,
    conversation: &Conversation<'_>,
) -> Result<i32> {
    let chosen = conversation.environment.get(VARIABLE).is_some();
    if error.kind != ErrorKind::ToolchainMissing || chosen || arguments.plan {
        return Err(error);
    }
    let Some(toolchain) = default_toolchain(conversation) else {
        return Err(error);
    };
    let instead = Conversation {
        environment: conversation.environment.with(VARIABLE, &toolchain),
        ..*conversation
    };
    let Ok(workspace) = instead.workspace() else {
        return Err(error);
    };
    let message = format!(
        "{}; `{toolchain}` reads the workspace instead, and no suite runs",
        error.message
    );
    conversation.printer.warning(&message, error.help.as_deref());
    let code = judge_without_suites(stage, arguments, workspace, now, &instead)?;
    Ok(if code == exit::READY {
        exit::TOOLCHAIN_MISSING
    } else {
        code
    })
}

/// What overrides the toolchain file.
const VARIABLE: &str = "RUSTUP_TOOLCHAIN";

/// The toolchain that rustup uses where nothing names another: the first word of `rustup default`.
fn default_toolchain(conversation: &Conversation<'_>) -> Option<String> {
    let directory = std::env::current_dir().ok()?;
    let rustup = conversation
        .environment
        .find_program(OsStr::new("rustup"), &directory)?;
    let output = conversation
        .environment
        .command(&rustup, &directory)
        .arg("default")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout)
        .ok()
        .filter(|_| output.status.success())?;
    text.split_whitespace().next().map(str::to_owned)
}
