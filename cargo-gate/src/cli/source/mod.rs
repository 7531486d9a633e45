//! `cargo gate source`: what the gate reads out of source code and documents, and what it writes back into them.

mod boundaries;
mod docs;
mod documents;
mod drift;
mod panics;

use clap::Subcommand;

use crate::cli::Conversation;
use gate_base::error::Result;

#[derive(Debug, Subcommand)]
pub(super) enum SourceCommand {
    /// Show unsafe code, FFI and other raw boundaries, or write their inventory
    Boundaries(boundaries::BoundariesArgs),
    /// Show where library code panics, or write the inventory of those places
    Panics(panics::PanicsArgs),
    /// Write the generated blocks of documents, and files that repeat `[toolchain]`
    Docs(docs::DocsArgs),
    /// Compare the checkboxes in documents with the evidence
    Drift(drift::DriftArgs),
}

pub(super) fn run(command: &SourceCommand, conversation: &Conversation<'_>) -> Result<i32> {
    match command {
        SourceCommand::Boundaries(arguments) => boundaries::run(arguments, conversation),
        SourceCommand::Panics(arguments) => panics::run(arguments, conversation),
        SourceCommand::Docs(arguments) => docs::run(arguments, conversation),
        SourceCommand::Drift(arguments) => drift::run(arguments, conversation),
    }
}
