//! `cargo gate completions` and `cargo gate man`.

use crate::base::error::{Error, Result};
use crate::base::exit;

use super::Conversation;
use crate::command_line::CompletionsArgs;

pub(super) fn completions(arguments: &CompletionsArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::command(), "cargo-gate", &mut script);
    conversation.printer.data(&String::from_utf8_lossy(&script))?;
    Ok(exit::READY)
}

pub(super) fn man(conversation: &Conversation<'_>) -> Result<i32> {
    let mut page = Vec::new();
    clap_mangen::Man::new(super::command())
        .render(&mut page)
        .map_err(|error| Error::tool(format!("cannot render the manual page: {error}")))?;
    conversation.printer.data(&String::from_utf8_lossy(&page))?;
    Ok(exit::READY)
}
