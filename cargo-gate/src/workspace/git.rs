//! Version control through the git command line, which knows worktrees, submodules, sparse and split indexes.

/// State of the git work tree that holds the workspace.
#[derive(Debug, Clone)]
pub struct Git {
    /// Top of the work tree, absolute.
    pub top: std::path::PathBuf,
    /// Full hash of the commit that is checked out; `None` before the first commit.
    pub head: Option<String>,
    /// Branch that is checked out; `None` when detached.
    pub branch: Option<String>,
    /// Paths below the workspace root that differ from the commit (staged, modified, deleted, untracked), in the
    /// spelling of [`super::files::File::path`], sorted.
    pub dirty: Vec<DirtyPath>,
}

/// A path that differs from the commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirtyPath {
    /// Path relative to the workspace root.
    pub path: String,
    /// Whether git does not track it.
    pub untracked: bool,
}
