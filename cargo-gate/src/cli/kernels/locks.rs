//! The kernel locks of the workspace, and tables about them.

use crate::cli::Conversation;
use gate_base::error::{Error, Result};
use gate_build::lock::{LOCK_FILE, RELOCK};
use gate_gpu::kernels::LockedCrate;

/// Every lock, of which there has to be one.
pub(super) fn locks(conversation: &Conversation<'_>) -> Result<(gate_surveys::Surveys, Vec<LockedCrate>)> {
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
pub(super) fn table(indent: &str, rows: &[Vec<String>]) -> String {
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
