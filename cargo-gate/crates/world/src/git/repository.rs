//! Where git keeps its own files.

use std::path::{Path, PathBuf};

/// The directories of one work tree, as gitrepository-layout(5) describes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repository {
    /// What belongs to this work tree alone: `HEAD`, `index`.
    pub(super) own: PathBuf,
    /// What all work trees of the repository share: `config`, branches.
    pub(super) common: PathBuf,
}

impl Repository {
    /// Of the work tree at `top`: `.git`, or where the `.git` file of a worktree or submodule points.
    pub(super) fn of(top: &Path) -> Option<Self> {
        let dot_git = top.join(".git");
        let own = if dot_git.is_dir() {
            dot_git
        } else {
            let text = std::fs::read_to_string(&dot_git).ok()?;
            top.join(text.strip_prefix("gitdir: ")?.trim_end())
        };
        let common = match std::fs::read_to_string(own.join("commondir")) {
            Ok(text) => own.join(text.trim_end()),
            Err(_) => own.clone(),
        };
        Some(Self { own, common })
    }
}
