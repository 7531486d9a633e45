//! `cargo gate kernels`: GPU kernels, their locks, and what is in them.

mod check;
mod compile;
mod diff;
mod inspect;
mod locks;
mod progress;
mod promote;
mod rollback;
mod single;
pub(super) mod store;
mod verify;

use clap::Subcommand;

use crate::cli::Conversation;
use gate_base::error::Result;
use locks::{locks, table};

#[derive(Debug, Subcommand)]
pub(super) enum KernelsCommand {
    /// Compile the kernels of packages whose build scripts use gate-build
    Build(compile::BuildArgs),
    /// Compile the kernels and write their locks
    Lock(compile::BuildArgs),
    /// Compare kernel locks with their sources and PTX files
    Verify(verify::VerifyArgs),
    /// Show what changed in kernel locks since a commit
    Diff(diff::DiffArgs),
    /// Show entries, parameters, resources and instruction mix
    Inspect(inspect::InspectArgs),
    /// Show compiler diagnostics for kernel sources without building their crates
    Check(check::CheckArgs),
    /// Compile one kernel source, or a crate of Rust kernels, to a PTX file
    Compile(single::CompileArgs),
    /// Promote a locked kernel if it is correct and faster than its baseline
    Promote(promote::PromoteArgs),
    /// Restore the kernels of an earlier READY run, or rehearse it
    Rollback(rollback::RollbackArgs),
    /// Keep the kernels of a release manifest in the store regardless of their age
    Pin(store::PinArgs),
    /// Stop keeping the kernels of a release manifest
    Unpin(store::PinArgs),
    /// Serve the remote kernel store to a build over standard input and output
    Serve,
}

pub(super) fn run(command: &KernelsCommand, conversation: &Conversation<'_>) -> Result<i32> {
    match command {
        KernelsCommand::Build(arguments) => compile::build(arguments, conversation),
        KernelsCommand::Lock(arguments) => compile::lock(arguments, conversation),
        KernelsCommand::Verify(arguments) if arguments.rebuild => compile::rebuild(&arguments.format, conversation),
        KernelsCommand::Verify(arguments) => verify::run(&arguments.format, conversation),
        KernelsCommand::Diff(arguments) => diff::run(arguments, conversation),
        KernelsCommand::Inspect(arguments) => inspect::run(arguments, conversation),
        KernelsCommand::Check(arguments) => check::run(arguments, conversation),
        KernelsCommand::Compile(arguments) => single::run(arguments, conversation),
        KernelsCommand::Promote(arguments) => promote::run(arguments, conversation),
        KernelsCommand::Rollback(arguments) => rollback::run(arguments, conversation),
        KernelsCommand::Pin(arguments) => store::pin(arguments, conversation),
        KernelsCommand::Unpin(arguments) => store::unpin(arguments, conversation),
        KernelsCommand::Serve => store::serve(conversation),
    }
}
