//! `cargo gate kernels`: GPU kernels, their locks, and what is in them.

mod check;
mod compile;
mod diff;
mod inspect;
mod locks;
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
<<<<<<< HEAD

/// Every lock, of which there has to be one.
fn locks(conversation: &Conversation<'_>) -> Result<(gate_surveys::Surveys, Vec<LockedCrate>)> {
    let workspace = conversation.workspace()?;
    let crates = gate_gpu::kernels::locked_crates(&workspace);
    if crates.is_empty() {
        return Err(
            Error::usage(format!("no `{LOCK_FILE}` in the workspace")).with_help(format!(
                "create one with `{RELOCK}`; it needs a crate whose build script uses gate-build"
            )),
        );
    }
    Ok((workspace, crates))
}

/// Lines of columns, the first left-aligned and the last, the others right-aligned; `indent` in front of each.
fn table(indent: &str, rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = indent.to_owned();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let gap = if column == 0 { "" } else { "  " };
            let padding = " ".repeat(width - cell.chars().count());
            line += gap;
            if column == 0 || column + 1 == columns {
                line += cell;
                line += &padding;
            } else {
                line += &padding;
                line += cell;
            }
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}
=======
>>>>>>> main
