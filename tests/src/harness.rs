//! Runs the binary as a user would, apart from the user: own home, no configuration of git, no variables of the cargo
//! that runs the tests, nothing from the network.
//!
//! A test makes a [`Gate`] with [`gate!`](crate::gate), runs it and compares the [`Run`] with one snapshot that holds exit
//! code, stdout and stderr.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use jiff::{Timestamp, ToSpan as _};
use tempfile::TempDir;

use crate::fixture;

/// A [`Gate`](crate::harness::Gate) over the binary of this build. Only tests know where cargo put it, hence a macro.
#[macro_export]
macro_rules! gate {
    () => {
        $crate::harness::Gate::new($crate::binary!())
    };
}

/// The path of the binary under test: that of this build, or what [`UNDER_TEST`](crate::harness::UNDER_TEST) names.
#[macro_export]
macro_rules! binary {
    () => {
        std::env::var($crate::harness::UNDER_TEST)
            .unwrap_or_else(|_| env!("CARGO_BIN_EXE_cargo-gate-under-test").to_owned())
    };
}

/// Names another binary to test. `cargo xtask ci` installs the package as a user would and tests that: its dependencies
/// have fewer features than those of a build of the whole workspace.
pub const UNDER_TEST: &str = "CARGO_GATE_UNDER_TEST";

/// Commit date of [`Gate::git_init`]: commits of the same files have the same hash on every machine.
const COMMIT_DATE: &str = "2026-01-02T03:04:05Z";

/// Variables with these prefixes say something about the machine or the build that runs the tests.
const SCRUBBED: &[&str] = &[
    "CARGO",
    "RUST",
    "NEXTEST",
    "INSTA",
    "FAILPOINTS",
    "FAKETIME",
    "MACROTEST",
    "SNAPSHOTS",
    "TRYBUILD",
    "TRYCMD",
    "UPDATE_",
    "GIT_",
    "GITHUB_",
    "GITLAB_",
    "CI",
    "CLICOLOR",
    "FORCE_COLOR",
    "NO_COLOR",
    "TERM",
    "COLUMNS",
    "LINES",
    "XDG_",
    "LC_",
    "LANG",
    "CUDA_",
    "NVCC",
    "TZ",
    "PROPTEST",
];

/// Variables that must stay although a prefix names them: where the toolchain is, and which one runs the tests.
const KEPT: &[&str] = &["CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "RUSTUP_DIST_SERVER"];

/// The binary, a place of its own to work in, and the environment it gets.
#[derive(Debug)]
pub struct Gate {
    binary: PathBuf,
    scratch: TempDir,
    workspace: PathBuf,
    variables: Vec<(OsString, Option<OsString>)>,
    /// The day that the fixture was given for `<SOON>`.
    soon: Option<String>,
}

impl Gate {
    /// The binary at `binary` in an empty workspace directory. Tests call [`gate!`](crate::gate).
    ///
    /// # Panics
    /// There is no temporary directory to be had.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        let scratch = tempfile::Builder::new()
            .prefix("gate-test-")
            .tempdir()
            .expect("a temporary directory can be made");
        // Programs resolve links themselves (`/var` on macOS), so paths are only recognised in their resolved form.
        let base = resolved(scratch.path());
        let workspace = base.join("workspace");
        for directory in ["workspace", "home"] {
            fs::create_dir(base.join(directory)).expect("a fresh directory can be filled");
        }
        let home = base.join("home");
        let advisories = base.join("advisory-db");
        fs::create_dir_all(advisories.join("crates/no-such-package")).expect("a fresh directory can be filled");
        let harmless = advisory("RUSTSEC-2000-0001", "no-such-package", &day(0));
        fs::write(advisories.join("crates/no-such-package/RUSTSEC-2000-0001.md"), harmless)
            .expect("a fresh directory can be filled");
        let mut gate = Self {
            binary: binary.into(),
            scratch,
            workspace,
            variables: Vec::new(),
            soon: None,
        };
        // Without these two, cargo and rustup would look for their things in the home that is replaced below.
        for (name, directory) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            if std::env::var_os(name).is_none()
                && let Some(real) = std::env::home_dir()
            {
                gate = gate.env(name, real.join(directory));
            }
        }
        gate.env("HOME", &home)
            .env("USERPROFILE", &home)
            .env("GIT_CONFIG_GLOBAL", home.join("no-gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CEILING_DIRECTORIES", &base)
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TERM_COLOR", "never")
            .env("CARGO_GATE_REDACT", "1")
            // libtest names tests in the order in which they end, which is the machine's if they run beside each other.
            .env("RUST_TEST_THREADS", "1")
            // Not the advisories that this machine or the program knows of: they age.
            .env("CARGO_GATE_ADVISORY_DB", &advisories)
            .env("LC_ALL", "C")
    }

    /// Directory in which the binary runs.
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables
            .push((name.as_ref().to_owned(), Some(value.as_ref().to_owned())));
        self
    }

    /// Removes a variable.
    #[must_use]
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.as_ref().to_owned(), None));
        self
    }

    /// Writes a file of the workspace, its directories included.
    ///
    /// # Panics
    /// It cannot be written.
    #[must_use]
    pub fn file(self, path: &str, text: &str) -> Self {
        let file = self.workspace.join(path);
        if let Some(directory) = file.parent() {
            fs::create_dir_all(directory).expect("a directory of the workspace can be made");
        }
        fs::write(&file, text).expect("a file of the workspace can be written");
        self
    }

    /// Copies a directory of files into the workspace.
    ///
    /// # Panics
    /// There is no such directory, or it cannot be copied.
    #[must_use]
    pub fn copy_of(self, directory: &Path) -> Self {
        assert!(directory.is_dir(), "there is no fixture at `{}`", directory.display());
        copy(directory, &self.workspace).expect("a fixture can be copied");
        self
    }

    /// Copies a fixture workspace, see [`fixture::workspace`]. `<SOON>` in its policy becomes a day two months from now:
    /// what expires must do so neither now nor in a past year of the fixture.
    ///
    /// # Panics
    /// There is no such fixture, or it cannot be copied.
    #[must_use]
    pub fn fixture(self, name: &str) -> Self {
        let mut this = self.copy_of(&fixture::workspace(name));
        let policy = this.workspace.join("gate.toml");
        if let Ok(text) = fs::read_to_string(&policy) {
            let soon = day(60);
            fs::write(&policy, text.replace("<SOON>", &soon)).expect("a policy can be written");
            this.soon = Some(soon);
        }
        this
    }

    /// Text of a file of the workspace.
    ///
    /// # Panics
    /// It cannot be read.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.workspace.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes a file of the workspace, its directories included.
    ///
    /// # Panics
    /// It cannot be written.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let file = self.workspace.join(path);
        if let Some(directory) = file.parent() {
            fs::create_dir_all(directory).expect("a directory of the workspace can be made");
        }
        fs::write(&file, bytes).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Removes a file of the workspace.
    ///
    /// # Panics
    /// It cannot be removed.
    pub fn remove(&self, path: &str) {
        fs::remove_file(self.workspace.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Replaces text that occurs exactly once in a file of the workspace.
    ///
    /// # Panics
    /// It occurs never or more than once.
    pub fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {path}:\n{text}");
        self.write(path, text.replace(from, to));
    }

    /// Appends text to a file of the workspace.
    ///
    /// # Panics
    /// It cannot be read or written.
    pub fn append(&self, path: &str, text: &str) {
        self.write(path, self.read(path) + text);
    }

    /// Makes the workspace a git work tree with one commit of everything in it.
    ///
    /// # Panics
    /// git is missing or refuses.
    #[must_use]
    pub fn git_init(self) -> Self {
        self.git(["init", "--quiet", "--initial-branch=main"]);
        self.commit("First commit");
        self
    }

    /// Commits everything in the workspace.
    ///
    /// # Panics
    /// git is missing or refuses.
    pub fn commit(&self, message: &str) {
        self.git(["add", "--all"]);
        self.git(["commit", "--quiet", "--allow-empty", "--message", message]);
    }

    /// Runs git in the workspace and returns what it prints.
    ///
    /// # Panics
    /// git is missing or refuses; the message holds what it said.
    pub fn git<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> String {
        let mut command = self.command(OsStr::new("git"));
        command.args(["-c", "core.autocrlf=false", "-c", "commit.gpgsign=false"]);
        for (role, date) in [("AUTHOR", "GIT_AUTHOR_DATE"), ("COMMITTER", "GIT_COMMITTER_DATE")] {
            command.env(format!("GIT_{role}_NAME"), "Test");
            command.env(format!("GIT_{role}_EMAIL"), "test@example.com");
            command.env(date, COMMIT_DATE);
        }
        let output = command.args(arguments).output().expect("git can be started");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?} failed: {stderr}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs the binary as cargo does, `cargo-gate gate …`, with stdin closed.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Run {
        let mut command = self.gate_command();
        command.args(arguments);
        self.finish(&mut command)
    }

    /// The command that [`run`](Self::run) starts, to be completed and handed to [`finish`](Self::finish) or started.
    pub fn gate_command(&self) -> Command {
        let mut command = self.command(self.binary.as_os_str());
        command.arg("gate");
        command
    }

    /// The binary without the `gate` that cargo adds.
    pub fn bare_command(&self) -> Command {
        self.command(self.binary.as_os_str())
    }

    /// Waits for a command of this gate.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn finish(&self, command: &mut Command) -> Run {
        self.ended(&command.output().expect("the binary can be started"))
    }

    /// What a command of this gate left behind.
    pub fn ended(&self, output: &Output) -> Run {
        Run {
            code: output.status.code(),
            stdout: self.redacted(&output.stdout),
            stderr: self.redacted(&output.stderr),
            soon: self.soon.clone(),
        }
    }

    /// A command in the workspace with the environment of this gate.
    fn command(&self, program: &OsStr) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.workspace).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy().to_ascii_uppercase();
            if SCRUBBED.iter().any(|prefix| text.starts_with(prefix)) && !KEPT.contains(&text.as_str()) {
                command.env_remove(&name);
            }
        }
        for (name, value) in &self.variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// The text with this gate's directories named instead of spelled, and `\r\n` as `\n`. All tests share the home of
    /// cargo, so the lines in which it waits for another cargo say nothing about the test.
    fn redacted(&self, bytes: &[u8]) -> String {
        let mut text: String = String::from_utf8_lossy(bytes)
            .replace("\r\n", "\n")
            .split_inclusive('\n')
            .filter(|line| !line.contains("Blocking waiting for file lock on "))
            .collect();
        let base = resolved(self.scratch.path());
        for (directory, name) in [
            (self.workspace.as_path(), "[WORKSPACE]"),
            (base.as_path(), "[TEMP]"),
            (self.scratch.path(), "[TEMP]"),
        ] {
            text = replace_path(&text, &directory.to_string_lossy(), name);
        }
        text.replace("cargo-gate-under-test.exe", "cargo-gate")
            .replace("cargo-gate-under-test", "cargo-gate")
    }
}

/// How one run of the binary ended and what it wrote. Its `Display` is the snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to stdout, directories redacted.
    pub stdout: String,
    /// What it wrote to stderr, directories redacted.
    pub stderr: String,
    /// The day of the fixture, which the snapshot names instead of spelling it: a test may sign or count with what was written.
    soon: Option<String>,
}

impl Run {
    /// stdout as JSON.
    ///
    /// # Panics
    /// It is something else; the message holds the whole run.
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("stdout is not JSON: {error}\n{self}"),
        }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => writeln!(f, "exit code: {code}")?,
            None => writeln!(f, "exit code: none, ended by a signal")?,
        }
        let dateless = |text: &str| match &self.soon {
            Some(soon) => text.replace(soon.as_str(), "[two months from now]"),
            None => text.to_owned(),
        };
        write!(f, "----- stdout -----\n{}", dateless(&self.stdout))?;
        if !self.stdout.is_empty() && !self.stdout.ends_with('\n') {
            writeln!(f, "[no final line feed]")?;
        }
        write!(f, "----- stderr -----\n{}", dateless(&self.stderr))?;
        Ok(())
    }
}

/// An advisory about every version of a package, as a file of an advisory database.
pub fn advisory(id: &str, package: &str, date: &str) -> String {
    format!(
        "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"{date}\"\n\n[versions]\npatched = []\n```\n\n# \
         Trouble in {package}\n"
    )
}

/// The day so many days from now, in UTC, as policies write it.
///
/// # Panics
/// The calendar ends before that day.
pub fn day(from_now: i64) -> String {
    let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    today
        .checked_add(from_now.days())
        .expect("a day of the calendar")
        .to_string()
}

/// The path without links and without Windows' `\\?\` prefix.
fn resolved(path: &Path) -> PathBuf {
    let resolved = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    match resolved.to_str().and_then(|text| text.strip_prefix(r"\\?\")) {
        Some(plain) => PathBuf::from(plain),
        None => resolved,
    }
}

/// Replaces a directory in all spellings: native, with `/`, and with `\\` as in JSON. What follows it up to the end of
/// the word gets `/` as separator, so that snapshots agree on every system.
fn replace_path(text: &str, directory: &str, name: &str) -> String {
    let spellings = [
        directory.replace('\\', r"\\"),
        directory.to_owned(),
        directory.replace('\\', "/"),
    ];
    let mut result = text.to_owned();
    for spelling in spellings {
        let mut parts = result.split(spelling.as_str());
        let mut replaced = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let ends = |c: char| c.is_whitespace() || matches!(c, '`' | '"' | '\'' | ':' | ')');
            let (path, rest) = part.split_at(part.find(ends).unwrap_or(part.len()));
            replaced.push_str(name);
            replaced.push_str(&path.replace(r"\\", "/").replace('\\', "/"));
            replaced.push_str(rest);
        }
        result = replaced;
    }
    result
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Gate, Run, replace_path};

    #[test]
    fn a_commit_has_the_same_hash_on_every_machine() {
        let gate = Gate::new("unused").file("src/lib.rs", "// text\n").git_init();
        let head = gate.git(["rev-parse", "HEAD"]);
        insta::assert_snapshot!(head.trim(), @"85c02ddfb39ce1deb32fac8279d1bea099094eb6");
        let configuration = gate.git(["config", "--list", "--show-scope"]);
        let foreign: Vec<&str> = configuration
            .lines()
            .filter(|line| !line.starts_with("local") && !line.starts_with("command"))
            .collect();
        assert!(foreign.is_empty(), "{foreign:?}");
    }

    #[test]
    fn paths_are_named_in_every_spelling() {
        let directory = r"C:\Temp\x";
        for text in [
            r"in `C:\Temp\x\src\lib.rs`: bad\n",
            r"in `C:/Temp/x/src/lib.rs`: bad\n",
            r"in `C:\\Temp\\x\\src\\lib.rs`: bad\n",
        ] {
            assert_eq!(replace_path(text, directory, "[W]"), r"in `[W]/src/lib.rs`: bad\n");
        }
        assert_eq!(replace_path("/tmp/x /tmp/x/a", "/tmp/x", "[W]"), "[W] [W]/a");
    }

    #[test]
    fn a_run_shows_everything_at_once() {
        let run = Run {
            code: Some(2),
            stdout: "data".into(),
            stderr: "error: no\n".into(),
            soon: None,
        };
        insta::assert_snapshot!(run, @"
        exit code: 2
        ----- stdout -----
        data[no final line feed]
        ----- stderr -----
        error: no
        ");
    }
}
