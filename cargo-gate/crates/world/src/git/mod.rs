//! Version control through the git command line, which knows worktrees, submodules, sparse and split indexes.
//!
//! The repository is the one that holds the workspace root; variables such as `GIT_DIR`, which hooks set for another
//! directory, are not passed on.

mod history;
mod listing;
mod objects;
mod repository;
mod status;
mod tags;
mod tree;

pub use history::{Ancestry, CommitState, Tag};
pub use listing::{Listed, Listing, list};
pub use status::{Answers, KnownStatus};

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::environment::Environment;
use history::Memory;

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
    program: Program,
    memory: Arc<Memory>,
}

/// A path that differs from the commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirtyPath {
    /// Path relative to the workspace root.
    pub path: String,
    /// Whether git does not track it.
    pub untracked: bool,
}

/// The git program and what it is called with.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    root: PathBuf,
    environment: Arc<Environment>,
}

/// What `git rev-parse --local-env-vars` lists, apart from configuration, and what changes the meaning of paths.
const LOCAL: &str = "\
    GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR GIT_DIR GIT_GLOB_PATHSPECS GIT_GRAFT_FILE \
    GIT_ICASE_PATHSPECS GIT_IMPLICIT_WORK_TREE GIT_INDEX_FILE GIT_INTERNAL_SUPER_PREFIX GIT_LITERAL_PATHSPECS \
    GIT_NAMESPACE GIT_NOGLOB_PATHSPECS GIT_NO_REPLACE_OBJECTS GIT_OBJECT_DIRECTORY GIT_PREFIX \
    GIT_REPLACE_REF_BASE GIT_SHALLOW_FILE GIT_WORK_TREE";

impl Program {
    /// The git on the `PATH`, to be run in `root`.
    pub fn find(environment: &Environment, root: &Path) -> Option<Self> {
        Some(Self {
            path: environment.find_program(OsStr::new("git"), root)?,
            root: root.into(),
            environment: Arc::new(environment.clone()),
        })
    }

    /// The same git in another directory.
    fn within(&self, root: &Path) -> Self {
        Self {
            root: root.into(),
            ..self.clone()
        }
    }

    /// A command that takes no locks, runs no hooks, asks nobody and stays off the network.
    fn command(&self) -> Command {
        let mut command = self.environment.command(&self.path, &self.root);
        for name in LOCAL.split_whitespace() {
            command.env_remove(name);
        }
        command
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("LC_ALL", "C")
            // A replaced commit is another one under the same hash.
            .args([
                "--no-replace-objects",
                "-c",
                "core.fsmonitor=false",
                "-c",
                "core.quotepath=false",
            ]);
        command
    }

    /// Runs git and returns its output.
    fn output(&self, arguments: &[&str]) -> Result<Vec<u8>, String> {
        let output = self
            .command()
            .args(arguments)
            .output()
            .map_err(|error| format!("cannot run `{}`: {error}", self.path.display()))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let message = String::from_utf8_lossy(&output.stderr);
        let message = message.trim();
        Err(message.strip_prefix("fatal: ").unwrap_or(message).to_string())
    }
}

impl Program {
    /// Runs git, hands it questions of a line each and returns its output.
    fn answers(&self, arguments: &[&str], questions: String) -> Result<Vec<u8>, String> {
        let failed = |error: std::io::Error| format!("cannot run `{}`: {error}", self.path.display());
        let mut child = self
            .command()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let stdin = child.stdin.take();
        // On a thread of its own: git answers while it is asked, and neither may wait for the other. What git does not
        // read is not answered, which the caller sees.
        let writer = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(questions.as_bytes())));
        let output = child.wait_with_output().map_err(failed)?;
        let _ = writer.join();
        Ok(output.stdout)
    }
}

impl Git {
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
        let program = Program {
            path: "git".into(),
            root: top.into(),
            environment: Arc::default(),
        };
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
            program,
            memory: Arc::default(),
        }
    }
}
