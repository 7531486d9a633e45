//! Version control through the git command line, which knows worktrees, submodules, sparse and split indexes.
//!
//! The repository is the one that holds the workspace root; variables such as `GIT_DIR`, which hooks set for another
//! directory, are not passed on.

mod bare;
mod history;
mod listing;
mod memory;
mod objects;
mod program;
mod remote;
mod repository;
mod status;
mod tags;
mod tree;

pub use bare::{Bare, Commit, StoredFile};
pub use listing::{DirtyPath, Listed, Listing, list};
pub use memory::{Ancestry, CommitState};
pub use program::Program;
pub use status::{Answers, KnownStatus};
pub use tags::Tag;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use memory::Memory;

/// State of the git work tree that holds the workspace.
#[derive(Debug, Clone)]
pub struct Git {
    /// Top of the work tree, absolute.
    pub top: PathBuf,
    /// Full hash of the commit that is checked out; `None` before the first commit.
    pub head: Option<String>,
    /// Branch that is checked out; `None` when detached.
    pub branch: Option<String>,
    /// Paths below the workspace root that differ from the commit (staged, modified, deleted, untracked), in the
    /// spelling of [`super::files::File::path`], sorted.
    pub dirty: Vec<DirtyPath>,
    /// Tracked paths whose contents are not those of the commit although git reports no difference, because it was told
    /// not to look (`assume-unchanged`, `skip-worktree`) or changes what it reads (a filter); sorted.
    pub hidden: Vec<String>,
    /// Tracked links that lead out of the work tree, to what is no part of the commit; sorted.
    pub leaving: Vec<String>,
    /// Repositories below the workspace root that the commit holds as a revision, without an address in `.gitmodules`: a clone has
    /// none of their files.
    pub without_address: Vec<String>,
    program: Program,
    memory: Arc<Memory>,
}

impl Git {
    /// Whether an ignore rule would hide a path below the workspace root if it were there.
    pub fn ignores(&self, path: &str) -> bool {
        self.program.output(&["check-ignore", "--quiet", "--", path]).is_ok()
    }

    /// Full hash of the commit that a name stands for.
    ///
    /// # Errors
    /// What git says where there is none.
    pub fn commit(&self, name: &str) -> Result<String, String> {
        let name = format!("{name}^{{commit}}");
        let output = self
            .program
            .output(&["rev-parse", "--verify", "--end-of-options", &name])?;
        Ok(String::from_utf8_lossy(&output).trim().to_owned())
    }

    /// Who commits here: `user.name` of git's configuration, on one line.
    pub fn user(&self) -> Option<String> {
        let output = self.program.output(&["config", "--get", "user.name"]).ok()?;
        let name = String::from_utf8_lossy(&output).lines().next()?.trim().to_owned();
        (!name.is_empty()).then_some(name)
    }

    /// Makes a clone that shares the objects of the repository and has no files yet. Nothing is written but the clone.
    ///
    /// # Errors
    /// What git says.
    pub fn clone_into(&self, directory: &Path) -> Result<(), String> {
        let (from, to) = (self.top.to_string_lossy(), directory.to_string_lossy());
        let arguments = [
            "clone",
            "--quiet",
            "--shared",
            "--no-checkout",
            "--template=",
            "--",
            &from,
            &to,
        ];
        self.program.output(&arguments).map(drop)
    }

    /// Gives a clone the files of a commit, and no others.
    ///
    /// # Errors
    /// What git says.
    pub fn check_out(&self, clone: &Path, hash: &str) -> Result<(), String> {
        let program = self.program.within(clone);
        // Hooks that the user has for all repositories are not for this one.
        let no_hooks = format!("core.hooksPath={}", clone.join(".git").join("no-hooks").display());
        program.output(&["-c", &no_hooks, "checkout", "--quiet", "--force", "--detach", hash])?;
        program.output(&["clean", "--quiet", "--force", "-d", "-x"]).map(drop)
    }

    /// A clean work tree on `main` for tests that ask git nothing.
    #[cfg(any(test, feature = "testing"))]
    pub fn by_hand(top: &Path) -> Self {
        let program = Program::by_hand(top);
        let listing = Listing {
            top: top.into(),
            head: Some("a".repeat(40)),
            branch: Some("main".into()),
            ..Listing::default()
        };
        Self::new(program, &listing)
    }

    pub(crate) fn new(program: Program, listing: &Listing) -> Self {
        Self {
            top: listing.top.clone(),
            head: listing.head.clone(),
            branch: listing.branch.clone(),
            dirty: listing.dirty.clone(),
            hidden: Vec::new(),
            leaving: Vec::new(),
            without_address: listing.without_address.clone(),
            program,
            memory: Arc::default(),
        }
    }
}
