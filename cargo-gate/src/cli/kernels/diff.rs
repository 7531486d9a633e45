//! `cargo gate kernels diff`: what changed in the locks since a commit.

use std::fmt::Write as _;

use clap::Args;
use gate_build::lock::KernelLock;
use serde::Serialize;

use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_gpu::kernels::change::{Change, changes};

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// Commit, branch or tag to compare with
    #[arg(long, value_name = "REVISION", default_value = "HEAD")]
    pub(crate) against: String,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

/// What the command shows: the model of its JSON.
#[derive(Debug, Serialize)]
pub(super) struct View {
    /// The revision that the work tree is compared with.
    against: String,
    locks: Vec<LockRow>,
}

#[derive(Debug, Serialize)]
pub(super) struct LockRow {
    pub(super) path: String,
    pub(super) changes: Vec<Change>,
}

pub(super) fn run(arguments: &DiffArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let (workspace, crates) = super::locks(conversation)?;
    let git = workspace.git().ok_or_else(|| {
        Error::usage("the workspace is in no git repository")
            .with_help("`git init`, and commit what is to be compared with")
    })?;
    let against = &arguments.against;
    let unknown = |message: String| Error::usage(message).with_help("name a commit, a branch or a tag");
    let commit = git.resolve(against).map_err(unknown)?;
    let mut locks = Vec::new();
    for found in crates {
        let Some(lock) = &found.lock else {
            return Err(
                Error::tool(format!("`{}` cannot be understood", found.path)).with_help("`cargo gate kernels verify`")
            );
        };
        let old = git.show(&commit, &found.path).map_err(unknown)?;
        let old = match old {
            None => KernelLock::default(),
            Some(bytes) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                KernelLock::parse(&text).map_err(|error| {
                    Error::tool(format!("`{}` of `{against}` cannot be understood: {error}", found.path))
                })?
            }
        };
        locks.push(LockRow {
            changes: changes(&old, lock),
            path: found.path,
        });
    }
    let view = View::new(against, locks);
    let text = match arguments.message_format {
        DataFormat::Json => crate::cli::json(&view)?,
        DataFormat::Human => view.to_text(),
    };
    conversation.printer.data(&text)?;
    Ok(exit::READY)
}

impl View {
    pub(super) fn new(against: &str, locks: Vec<LockRow>) -> Self {
        Self {
            against: against.to_owned(),
            locks,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.locks.is_empty()
    }

    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        for lock in &self.locks {
            if lock.changes.is_empty() {
                let _ = writeln!(text, "{}: nothing changed since {}", lock.path, self.against);
                continue;
            }
            let _ = writeln!(text, "{} since {}", lock.path, self.against);
            let mut image = (String::new(), String::new());
            for change in &lock.changes {
                let this = (change.unit.clone(), change.arch.clone());
                if this != image {
                    let _ = writeln!(text, "  {} {}", change.unit, change.arch);
                    image = this;
                }
                let entry = change
                    .entry
                    .as_ref()
                    .map_or_else(String::new, |entry| format!("{entry} "));
                let _ = writeln!(text, "    {entry}{}: {}", change.what, words(change));
            }
        }
        text
    }
}

fn words(change: &Change) -> String {
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => match (before.parse::<i64>(), after.parse::<i64>()) {
            (Ok(old), Ok(new)) => format!("{before} -> {after} ({:+})", new - old),
            _ => format!("{before} -> {after}"),
        },
        (None, Some(after)) => format!("new, {after}"),
        (Some(before), None) => format!("gone, was {before}"),
        (None, None) => "unknown".to_owned(),
    }
}
