//! `cargo gate kernels verify`: locks against sources and PTX files.

use std::fmt::Write as _;

use clap::Args;
use gate_build::lock::LockProblem;
use serde::Serialize;

use crate::cli::Conversation;
use crate::cli::arguments::{DataFormat, FormatArgs};
use gate_base::error::Result;
use gate_base::exit;
use gate_gpu::kernels::LockedCrate;

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Also compile the locked kernels again in an empty directory, and compare the PTX
    #[arg(long)]
    pub(crate) rebuild: bool,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

/// What the command shows: the model of its JSON.
#[derive(Debug, Serialize)]
struct View {
    /// Digest of the locks, the PTX files and the sources: what a record of `--rebuild` is about. Absent if one cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    inputs: Option<String>,
    locks: Vec<LockRow>,
}

#[derive(Debug, Serialize)]
struct LockRow {
    /// Path of the lock.
    path: String,
    /// Number of units.
    units: usize,
    /// Number of images: units times architectures.
    images: usize,
    problems: Vec<ProblemRow>,
    /// PTX files that the lock does not name.
    stray: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ProblemRow {
    /// Stable code: `source_changed`.
    code: &'static str,
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    message: String,
    help: String,
}

pub(super) fn run(arguments: &FormatArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let (workspace, crates) = super::locks(conversation)?;
    let view = View {
        inputs: gate_gpu::kernels::rebuild::inputs(&workspace).map(|digest| digest.to_string()),
        locks: crates.iter().map(LockRow::from).collect(),
    };
    let text = match arguments.message_format {
        DataFormat::Json => crate::cli::json(&view)?,
        DataFormat::Human => view.to_text(),
    };
    conversation.printer.data(&text)?;
    Ok(if view.locks.iter().all(|lock| lock.problems.is_empty()) {
        exit::READY
    } else {
        exit::NOT_READY
    })
}

impl From<&LockedCrate> for LockRow {
    fn from(found: &LockedCrate) -> Self {
        let units = found.lock.iter().flat_map(|lock| lock.units.values());
        Self {
            path: found.path.clone(),
            units: units.clone().count(),
            images: units.map(|unit| unit.images.len()).sum(),
            problems: found.problems.iter().map(ProblemRow::from).collect(),
            stray: found.stray.clone(),
        }
    }
}

impl From<&LockProblem> for ProblemRow {
    fn from(problem: &LockProblem) -> Self {
        Self {
            code: problem.kind.code(),
            file: problem.file.clone(),
            line: problem.line,
            message: problem.message.clone(),
            help: problem.help.clone(),
        }
    }
}

impl View {
    fn to_text(&self) -> String {
        let mut text = String::new();
        for lock in &self.locks {
            for problem in &lock.problems {
                let place = problem.line.map_or_else(String::new, |line| format!(":{line}"));
                let _ = writeln!(
                    text,
                    "{}{place}: {}\n  help: {}",
                    problem.file, problem.message, problem.help
                );
            }
            for path in &lock.stray {
                let _ = writeln!(text, "{path}: no image of the lock names it");
            }
            let words = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
            let verdict = match lock.problems.len() {
                0 => "as locked".to_owned(),
                count => words(count, "problem"),
            };
            let _ = writeln!(
                text,
                "{}: {}, {}, {verdict}",
                lock.path,
                words(lock.units, "unit"),
                words(lock.images, "image")
            );
        }
        text
    }
}
