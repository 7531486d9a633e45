//! The toolchain that a workspace pins is not on this machine: another one reads the workspace.

use std::ffi::OsStr;

use gate_base::error::{Error, ErrorKind, Result};
use gate_surveys::Surveys;

use super::super::Conversation;

/// What overrides the toolchain file.
const VARIABLE: &str = "RUSTUP_TOOLCHAIN";

/// Reads the workspace with the default toolchain of rustup in place of the missing one, and says so. No suite may run with it.
///
/// # Errors
/// The error that led here, if it is about something else or there is no other toolchain.
pub(super) fn open<'a>(error: Error, conversation: &Conversation<'a>) -> Result<(Conversation<'a>, Surveys)> {
    let chosen = conversation.environment.get(VARIABLE).is_some();
    if error.kind != ErrorKind::ToolchainMissing || chosen {
        return Err(error);
    }
    let Some(toolchain) = default_toolchain(conversation) else {
        return Err(error);
    };
    let instead = Conversation {
        environment: conversation.environment.with(VARIABLE, &toolchain),
        directory: conversation.directory.clone(),
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
    Ok((instead, workspace))
}

/// The toolchain that rustup uses where nothing names another: the first word of `rustup default`.
fn default_toolchain(conversation: &Conversation<'_>) -> Option<String> {
    let directory = std::env::current_dir().ok()?;
    let environment = &conversation.environment;
    let rustup = environment.find_program(OsStr::new("rustup"), &directory)?;
    let output = environment.command(&rustup, &directory).arg("default").output().ok()?;
    let text = String::from_utf8(output.stdout)
        .ok()
        .filter(|_| output.status.success())?;
    text.split_whitespace().next().map(str::to_owned)
}
