//! `cargo gate kernels`: GPU kernels, their locks, and what is in them.

mod check;
mod compile;
mod diff;
mod inspect;
mod single;
mod verify;

use gate_build::lock::{LOCK_FILE, RELOCK};

use crate::base::error::{Error, Result};
use crate::kernels::LockedCrate;

use super::Conversation;
use crate::command_line::KernelsCommand;

pub(super) fn run(command: &KernelsCommand, conversation: &Conversation<'_>) -> Result<i32> {
    match command {
        KernelsCommand::Build(arguments) => compile::build(arguments, conversation),
        KernelsCommand::Check(arguments) => check::run(arguments, conversation),
        KernelsCommand::Compile(arguments) => single::run(arguments, conversation),
        KernelsCommand::Lock(arguments) => compile::lock(arguments, conversation),
        KernelsCommand::Verify(arguments) if arguments.rebuild => compile::rebuild(&arguments.format, conversation),
        KernelsCommand::Verify(arguments) => verify::run(&arguments.format, conversation),
        KernelsCommand::Inspect(arguments) => inspect::run(arguments, conversation),
        KernelsCommand::Diff(arguments) => diff::run(arguments, conversation),
    }
}

/// Every lock, of which there has to be one.
fn locks(conversation: &Conversation<'_>) -> Result<(crate::surveys::Surveys, Vec<LockedCrate>)> {
    let workspace = conversation.workspace()?;
    let crates = crate::kernels::locked_crates(&workspace);
    if crates.is_empty() {
        return Err(
            Error::usage(format!("there is no `{LOCK_FILE}` in the workspace")).with_help(format!(
                "`{RELOCK}` writes one for a crate whose build script uses gate-build"
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
