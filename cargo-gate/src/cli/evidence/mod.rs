//! `cargo gate evidence`: what runs left behind.

mod attest;
mod badge;
mod bundle;
mod cache;
pub(super) mod history;
mod index;
pub(super) mod merge;
pub(super) mod ready;
pub(super) mod sign;

use clap::Subcommand;

use crate::cli::Conversation;
use gate_base::error::Result;

#[derive(Debug, Subcommand)]
pub(super) enum EvidenceCommand {
    /// List the runs in this workspace
    History(history::HistoryArgs),
    /// Write a page over the runs in this workspace, with links to their reports
    Index,
    /// Check that a run directory is complete, ready, free of secrets and signed
    Ready(ready::ReadyArgs),
    /// State who wrote results, when, and of which content, for `[[suite.import]]`
    Attest(attest::AttestArgs),
    /// Sign the decision of a run
    Sign(sign::SignArgs),
    /// Pack a run for sharing, without data, binaries or secrets
    Bundle(bundle::BundleArgs),
    /// Put runs of several machines together into one decision
    Merge(merge::MergeArgs),
    /// Write a badge of the latest decision for shields.io
    Badge(badge::BadgeArgs),
    /// Show, verify or shrink the evidence store and the kernel store
    #[command(subcommand, disable_help_subcommand = true)]
    Cache(cache::CacheCommand),
}

pub(super) fn run(command: &EvidenceCommand, conversation: &Conversation<'_>) -> Result<i32> {
    match command {
        EvidenceCommand::History(arguments) => history::run(arguments, conversation),
        EvidenceCommand::Index => index::run(conversation),
        EvidenceCommand::Ready(arguments) => ready::run(arguments, conversation),
        EvidenceCommand::Attest(arguments) => attest::run(arguments, conversation),
        EvidenceCommand::Sign(arguments) => sign::run(arguments, conversation),
        EvidenceCommand::Bundle(arguments) => bundle::run(arguments, conversation),
        EvidenceCommand::Merge(arguments) => merge::run(arguments, conversation),
        EvidenceCommand::Badge(arguments) => badge::run(arguments, conversation),
        EvidenceCommand::Cache(command) => cache::run(command, conversation),
    }
}
