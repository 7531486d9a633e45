//! `cargo gate completions` and `cargo gate man`.

use clap::Args;

use crate::base::error::{Error, Result};
use crate::base::exit;

use super::Conversation;

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Directory that gets one page for each command
    #[arg(value_name = "DIRECTORY")]
    directory: std::path::PathBuf,
}

pub(super) fn completions(arguments: &CompletionsArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::command(), "cargo-gate", &mut script);
    conversation.printer.data(&String::from_utf8_lossy(&script))?;
    Ok(exit::READY)
}

pub(super) fn man(arguments: &ManArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let directory = &arguments.directory;
    std::fs::create_dir_all(directory).map_err(|error| Error::io("create", directory, &error))?;
    clap_mangen::generate_to(super::command(), directory).map_err(|error| Error::io("write", directory, &error))?;
    conversation
        .printer
        .status("Wrote", &format!("the manual pages to {}", directory.display()));
    Ok(exit::READY)
}
