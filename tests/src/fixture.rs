//! Fixture workspaces, copied before use: `tests/fixtures/<check id>.toml`, or `tests/fixtures/<check id>/{fail,clean}` where
//! there are many files.
//!
//! `<check id>.toml` has a table for each twin, with `files` on top of `tests/fixtures/base` and everything below; beside a
//! directory, `fail.toml` or `clean.toml` says what files cannot show. A check may have more twins that fail, `fail-<what>`; a twin
//! that is `<twin>.toml` alone has the files of `from`, or of the base:
//!
//! ```toml
//! [files]                     # files in addition to those of the directory or the base, part of the commit
//! "src/lib.rs" = "text"
//! git = "committed"           # or "none"; the default is "committed"
//! from = "check.id/clean"      # the fixture whose files a twin without a directory has
//! stage = "pilot"             # stage at which the fixture is judged; the default is the first
//! also = ["git.clean"]        # other checks that object for the same reason
//! tag = "v1.0.0"              # a commit before the last, with the files of `released` as they stand there
//! untracked = ["Cargo.lock"]  # not part of the commit
//! [write]                     # files written after the commit
//! "notes.md" = "text"
//! [released]                  # files as they were in the commit of `tag`
//! "src/lib.rs" = "text"
//! [environment]               # variables in addition to those that find the toolchain
//! RUSTUP_TOOLCHAIN = "1.95.0"
//! [plant]                     # files with a secret of this name in the corpus, part of the commit
//! ".env" = "github_token"
//! [suites]                    # suites that passed these tests, each with its binary in front
//! workspace = ["axpy axpy_f32"]
//! [plant-environment]         # variables with such a secret
//! CI = "github_token"
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use tempfile::TempDir;

use crate::planted;

/// Commits of the same files have the same hash on every machine.
const COMMIT_DATE: &str = "2026-01-02T03:04:05Z";

/// A fixture workspace in a directory of its own.
#[derive(Debug)]
pub struct Fixture {
    directory: TempDir,
    state: State,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct State {
    files: BTreeMap<String, String>,
    from: Option<String>,
    git: Git,
    stage: Option<String>,
    also: Vec<String>,
    tag: Option<String>,
    released: BTreeMap<String, String>,
    untracked: Vec<String>,
    write: BTreeMap<String, String>,
    environment: BTreeMap<String, String>,
    plant: BTreeMap<String, String>,
    plant_environment: BTreeMap<String, String>,
    suites: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Git {
    #[default]
    Committed,
    None,
}

impl Fixture {
    /// Every fixture as (check id, `clean` or `fail`), sorted.
    ///
    /// # Panics
    /// The fixtures cannot be read.
    pub fn all() -> Vec<(String, String)> {
        let mut found = Vec::new();
        // Ids of checks have a dot; directories without one are workspaces of whole-program tests.
        for check in entries(&directory()).iter().filter(|path| name(path).contains('.')) {
            if let Some(id) = name(check).strip_suffix(".toml") {
                found.extend(twins(id).into_keys().map(|twin| (id.to_owned(), twin)));
            } else {
                let of = |path: &PathBuf| (name(check), name(path).trim_end_matches(".toml").to_owned());
                found.extend(entries(check).iter().map(of));
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// A copy of a fixture, committed unless it says otherwise.
    ///
    /// # Panics
    /// There is no such fixture, its state is malformed, or git fails.
    pub fn open(check: &str, twin: &str) -> Self {
        Self::open_changed(check, twin, |_| {})
    }

    /// As [`open`](Self::open), with a change to the files before they are committed.
    ///
    /// # Panics
    /// As [`open`](Self::open).
    pub fn open_changed(check: &str, twin: &str, change: impl FnOnce(&Path)) -> Self {
        let directory = directory().join(check);
        let (source, state) = if directory.is_dir() {
            let state = match fs::read_to_string(directory.join(format!("{twin}.toml"))) {
                Ok(text) => toml::from_str(&text).unwrap_or_else(|error| panic!("{check}/{twin}.toml: {error}")),
                Err(_) => State::default(),
            };
            let own = directory.join(twin);
            let source = match &state.from {
                _ if own.is_dir() => own,
                Some(other) => workspace(other),
                None => workspace("base"),
            };
            (source, state)
        } else {
            let state = twins(check).remove(twin);
            (
                workspace("base"),
                state.unwrap_or_else(|| panic!("{check}.toml has no `[{twin}]`")),
            )
        };
        let this = Self {
            directory: tempfile::Builder::new()
                .prefix("gate-fixture-")
                .tempdir()
                .expect("a temporary directory can be made"),
            state,
        };
        copy(&source, &this.root());
        for (path, text) in &this.state.files {
            this.put(path, text);
        }
        for (path, secret) in &this.state.plant {
            this.put(path, &format!("API_TOKEN={}\n", planted::value(secret)));
        }
        change(&this.root());
        fs::create_dir(this.home()).expect("a fresh directory can be filled");
        if this.state.git == Git::Committed {
            this.commit();
        }
        for (path, text) in &this.state.write {
            this.put(path, text);
        }
        this
    }

    /// Writes a file, with the directories that it lies in.
    fn put(&self, path: impl AsRef<Path>, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("a directory can be made");
        fs::write(path, text).expect("a fixture can be written to");
    }

    /// Root of the workspace, without symbolic links.
    ///
    /// # Panics
    /// The temporary directory is gone.
    pub fn root(&self) -> PathBuf {
        self.base().join("workspace")
    }

    /// Name of the stage at which it is judged.
    pub fn stage(&self) -> &str {
        self.state.stage.as_deref().unwrap_or("pilot")
    }

    /// Ids of other checks that object for the same reason.
    pub fn also(&self) -> &[String] {
        &self.state.also
    }

    /// Suites that passed, with their tests: what a check that reads outcomes finds.
    pub fn suites(&self) -> &BTreeMap<String, Vec<String>> {
        &self.state.suites
    }

    /// The environment a gate gets: what finds programs and the toolchain, an empty home, and what the fixture adds.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::new();
        let kept = [
            "PATH",
            "SystemRoot",
            "TEMP",
            "TMP",
            "TMPDIR",
            "RUSTUP_HOME",
            "RUSTUP_TOOLCHAIN",
        ];
        for name in kept {
            if let Ok(value) = std::env::var(name) {
                variables.insert(name.to_owned(), value);
            }
        }
        // rustup keeps its toolchains in the home directory unless told otherwise.
        let user = std::env::var("HOME").or_else(|_| std::env::var("USERPROFILE"));
        if let (false, Ok(user)) = (variables.contains_key("RUSTUP_HOME"), user) {
            let rustup = Path::new(&user).join(".rustup");
            variables.insert("RUSTUP_HOME".into(), rustup.to_string_lossy().into_owned());
        }
        let home = self.home().to_string_lossy().into_owned();
        for name in ["HOME", "USERPROFILE", "CARGO_HOME"] {
            variables.insert(name.into(), home.clone());
        }
        variables.extend(self.state.environment.clone());
        for (name, secret) in &self.state.plant_environment {
            variables.insert(name.clone(), planted::value(secret));
        }
        variables
    }

    // Programs resolve links themselves (`/var` on macOS), so paths are only recognised in their resolved form.
    fn base(&self) -> PathBuf {
        let path = fs::canonicalize(self.directory.path()).expect("a temporary directory exists");
        match path.to_str().and_then(|text| text.strip_prefix(r"\\?\")) {
            Some(plain) => plain.into(),
            None => path,
        }
    }

    fn home(&self) -> PathBuf {
        self.base().join("home")
    }

    fn commit(&self) {
        self.git(&["init", "--quiet", "--initial-branch=main"]);
        if let Some(tag) = &self.state.tag {
            let now: Vec<(PathBuf, Vec<u8>)> = self
                .state
                .released
                .keys()
                .map(|path| self.root().join(path))
                .map(|path| (path.clone(), fs::read(path).expect("a released file is there")))
                .collect();
            for (path, text) in &self.state.released {
                fs::write(self.root().join(path), text).expect("a fixture can be written to");
            }
            self.git(&["add", "--all"]);
            self.git(&["commit", "--quiet", "--message", "Release"]);
            self.git(&["tag", tag]);
            for (path, bytes) in now {
                fs::write(path, bytes).expect("a fixture can be written to");
            }
        }
        self.git(&["add", "--all"]);
        for path in &self.state.untracked {
            self.git(&["rm", "--quiet", "--cached", "--ignore-unmatch", "--", path]);
        }
        self.git(&["commit", "--quiet", "--message", "Add the workspace"]);
    }

    /// Commits everything that changed, unless the fixture has no repository.
    ///
    /// # Panics
    /// git fails.
    pub fn commit_all(&self) {
        if self.state.git == Git::Committed {
            self.git(&["add", "--all"]);
            self.git(&["commit", "--quiet", "--allow-empty", "--message", "Fix it"]);
        }
    }

    /// A directory that no file of the workspace lies in.
    pub fn scratch(&self) -> PathBuf {
        self.base().join("scratch")
    }

    fn git(&self, arguments: &[&str]) {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GIT_") {
                command.env_remove(name);
            }
        }
        let output = command
            .current_dir(self.root())
            .env("HOME", self.home())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", self.home().join("gitconfig"))
            .env("GIT_AUTHOR_DATE", COMMIT_DATE)
            .env("GIT_COMMITTER_DATE", COMMIT_DATE)
            .args(["-c", "user.name=Fixture", "-c", "user.email=fixture@example.invalid"])
            .args(["-c", "core.autocrlf=false", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("git can be started");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {stderr}");
    }
}

/// Directory of a fixture that is no twin of a check: `tests/fixtures/<name>`.
pub fn workspace(name: &str) -> PathBuf {
    directory().join(name)
}

/// The twins of a check whose fixtures are one file.
fn twins(check: &str) -> BTreeMap<String, State> {
    let path = directory().join(format!("{check}.toml"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{check}.toml: {error}"))
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.expect("a directory can be read").path())
        .collect();
    found.sort();
    found
}

fn name(path: &Path) -> String {
    let name = path.file_name().expect("an entry has a name");
    name.to_str().expect("fixtures have plain names").to_owned()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory can be made");
    for path in entries(from) {
        let target = to.join(name(&path));
        if path.is_dir() {
            // Left behind by somebody who ran cargo in the fixture itself.
            if name(&path) != "target" {
                copy(&path, &target);
            }
        } else {
            fs::copy(&path, &target).expect("a file can be copied");
        }
    }
}
