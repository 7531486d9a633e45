//! The commit in a directory of its own: what is built is what git has, and not what lies in somebody's tree.

use std::path::{Path, PathBuf};

use gate_base::error::Error;
use gate_world::Workspace;
use gate_world::git::Git;

use crate::files::emptied;
use crate::stop::Result;

/// Directories of the two builds. Their lengths differ: a path that is compiled in shows.
pub(crate) const FIRST: &str = "first";
pub(crate) const SECOND: &str = "the-second";

/// A checkout, with what is built of it.
#[derive(Debug, Clone)]
pub(crate) struct Checkout {
    /// Directory of everything, which compiled paths must not name.
    pub(crate) base: PathBuf,
    /// Root of the workspace in it.
    pub(crate) root: PathBuf,
    /// Cargo's target directory.
    pub(crate) target: PathBuf,
    /// Where artifacts are collected.
    pub(crate) out: PathBuf,
    /// Output of the commands.
    pub(crate) log: PathBuf,
}

impl Checkout {
    /// Where the checkout of this name is.
    pub(crate) fn at(directory: &Path, name: &str, workspace: &Workspace) -> Self {
        let base = directory.join("build").join(name);
        Self {
            root: base.join("source").join(workspace.directory()),
            target: base.join("target"),
            out: base.join("out"),
            log: base.join("log"),
            base,
        }
    }

    /// Makes it exactly the commit, from whatever it is.
    pub(crate) fn prepare(&self, git: &Git, commit: &str) -> Result<()> {
        let source = self.base.join("source");
        let failed =
            |error: String| Error::tool(format!("cannot check out commit {commit}: {error}")).with_help("`git fsck`");
        if !source.join(".git").is_dir() || git.check_out(&source, commit).is_err() {
            emptied(&source)?;
            git.clone_into(&source).map_err(failed)?;
            git.check_out(&source, commit).map_err(failed)?;
        }
        Ok(())
    }
}
