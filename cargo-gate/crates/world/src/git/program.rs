//! The git program, as it is run for every question.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::environment::Environment;

/// The git program and what it is called with.
#[derive(Debug, Clone)]
pub struct Program {
    pub(super) path: PathBuf,
    pub(super) root: PathBuf,
    pub(super) environment: Arc<Environment>,
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

    /// A git that is never run.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn by_hand(root: &Path) -> Self {
        Self {
            path: "git".into(),
            root: root.into(),
            environment: Arc::default(),
        }
    }

    /// The same git in another directory.
    pub(super) fn within(&self, root: &Path) -> Self {
        Self {
            root: root.into(),
            ..self.clone()
        }
    }

    /// A command that takes no locks, runs no hooks, asks nobody and stays off the network.
    pub(super) fn command(&self) -> Command {
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
    pub(super) fn output(&self, arguments: &[&str]) -> Result<Vec<u8>, String> {
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

    /// Runs git, hands it questions of a line each and returns its output.
    pub(super) fn answers(&self, arguments: &[&str], questions: String) -> Result<Vec<u8>, String> {
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
