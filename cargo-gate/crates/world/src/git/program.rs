//! The git program, as it is run for every question.

use std::ffi::{OsStr, OsString};
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
    /// The repository, where it is not the one that holds `root`.
    pub(super) git_dir: Option<PathBuf>,
}

/// What `git rev-parse --local-env-vars` lists, apart from configuration, and what changes the meaning of paths.
const LOCAL: &str = "\
    GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR GIT_DIR GIT_GLOB_PATHSPECS GIT_GRAFT_FILE \
    GIT_ICASE_PATHSPECS GIT_IMPLICIT_WORK_TREE GIT_INDEX_FILE GIT_INTERNAL_SUPER_PREFIX GIT_LITERAL_PATHSPECS \
    GIT_NAMESPACE GIT_NOGLOB_PATHSPECS GIT_NO_REPLACE_OBJECTS GIT_OBJECT_DIRECTORY GIT_PREFIX \
    GIT_REPLACE_REF_BASE GIT_SHALLOW_FILE GIT_WORK_TREE";

/// Variables that every call sets, or removes.
pub(super) fn changed_variables() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    let set = [
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("LC_ALL", "C"),
    ];
    let removed = LOCAL.split_whitespace().map(|name| (name, None));
    removed.chain(set.into_iter().map(|(name, value)| (name, Some(value))))
}

impl Program {
    /// The git on the `PATH`, to be run in `root`.
    pub fn find(environment: &Environment, root: &Path) -> Option<Self> {
        Some(Self {
            path: environment.find_program(OsStr::new("git"), root)?,
            root: root.into(),
            environment: Arc::new(environment.clone()),
            git_dir: None,
        })
    }

    /// A git that is never run.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn by_hand(root: &Path) -> Self {
        Self {
            path: "git".into(),
            root: root.into(),
            environment: Arc::default(),
            git_dir: None,
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
        for (name, value) in changed_variables() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.args(self.first_arguments());
        command
    }

    /// What stands before the arguments of every call.
    pub(super) fn first_arguments(&self) -> Vec<OsString> {
        // A replaced commit is another one under the same hash.
        let usual = [
            "--no-replace-objects",
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.quotepath=false",
        ];
        let mut arguments: Vec<OsString> = usual.iter().map(OsString::from).collect();
        if let Some(git_dir) = &self.git_dir {
            arguments.extend(["--git-dir".into(), git_dir.into()]);
        }
        arguments
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
