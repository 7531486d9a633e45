//! Real workspaces in temporary directories, with the real cargo and git, for tests.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use semver::Version;

use super::cargo::Member;
use super::environment::Environment;
use super::files::{File, FileKind};
use super::manifest::Manifest;
use super::toolchain::ToolchainFile;
use super::{Options, Workspace};
use gate_base::error::Result;

/// The lockfile of one package.
pub const LOCK: &str = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n";
/// The manifest of one package.
pub const MANIFEST: &str = "[package]\nname = \"a\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

/// A temporary directory with everything that the machine could bring in kept out.
pub struct World {
    _directory: tempfile::TempDir,
    path: PathBuf,
    /// Variables beside those that every workspace gets.
    pub extra: Vec<(&'static str, OsString)>,
}

impl World {
    /// A directory without anything.
    pub fn empty() -> Self {
        let directory = tempfile::tempdir().expect("temporary directory");
        // On macOS the temporary directory is reached through a link, which cargo resolves.
        let path = if cfg!(unix) {
            directory.path().canonicalize().expect("canonical")
        } else {
            directory.path().into()
        };
        Self {
            _directory: directory,
            path,
            extra: Vec::new(),
        }
    }

    /// One package with a lockfile that agrees with it.
    pub fn package() -> Self {
        let world = Self::empty();
        world.write("Cargo.toml", MANIFEST);
        world.write("Cargo.lock", LOCK);
        world.write("src/lib.rs", "");
        world
    }

    /// The same in a git repository with one commit and `target` ignored.
    pub fn repository() -> Self {
        let world = Self::package();
        world.write(".gitignore", "/target\n");
        world.git(&["init", "-q", "-b", "main"]);
        world.commit();
        world
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file, and the directories that it lies in.
    pub fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("create");
        fs::write(&path, text).expect("write");
        path
    }

    /// The variables that everything is started with.
    pub fn environment(&self) -> Environment {
        let kept = std::env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy();
            let foreign = name.starts_with("GIT_") || name.starts_with("CARGO_") || name == "RUSTFLAGS";
            !foreign || name == "CARGO_HOME"
        });
        let own = [
            ("GIT_CONFIG_GLOBAL", self.path().join("no-such-file").into_os_string()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_CEILING_DIRECTORIES", std::env::temp_dir().into_os_string()),
        ];
        let own = own.into_iter().chain(self.extra.iter().cloned());
        Environment::from_pairs(kept.chain(own.map(|(name, value)| (name.into(), value))))
    }

    /// Calls git in the directory.
    pub fn git(&self, arguments: &[&str]) {
        self.git_in(self.path(), arguments);
    }

    /// Calls git in a directory.
    pub fn git_in(&self, directory: &Path, arguments: &[&str]) {
        let mut command: Command = self.environment().command(
            &self
                .environment()
                .find_program("git".as_ref(), directory)
                .expect("git is installed"),
            directory,
        );
        let output = command
            .args([
                "-c",
                "user.name=Test",
                "-c",
                "user.email=test@example.com",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(["-c", "protocol.file.allow=always"])
            .args(arguments)
            .output()
            .expect("git runs");
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Commits everything.
    pub fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "change"]);
    }

    /// How to open the workspace from a directory below.
    pub fn options(&self, below: &str) -> Options {
        Options {
            cwd: self.path().join(below),
            manifest_path: None,
            target_dir: None,
            offline: true,
            environment: self.environment(),
        }
    }

    /// Opens the workspace.
    ///
    /// # Errors
    /// As for [`Workspace::open`].
    pub fn try_open(&self) -> Result<Workspace> {
        Workspace::open(self.options(""))
    }

    /// Opens a workspace that must open.
    pub fn open(&self) -> Workspace {
        self.try_open().expect("the workspace opens")
    }
}

/// A tracked, empty file.
pub fn file(path: &str) -> File {
    File {
        path: path.into(),
        native: path.into(),
        tracked: true,
        kind: FileKind::Regular,
        executable: false,
        size: 0,
        digest: None,
    }
}

/// A publishable member in `directory`.
pub fn member(name: &str, directory: &str, rust_version: Option<&str>) -> Member {
    Member {
        name: name.into(),
        version: Version::new(0, 1, 0),
        manifest: if directory.is_empty() {
            "Cargo.toml".into()
        } else {
            format!("{directory}/Cargo.toml")
        },
        directory: directory.into(),
        edition: "2024".into(),
        rust_version: rust_version.map(|text| format!("{text}.0").parse().expect("a version")),
        publish: true,
        publishable: true,
        targets: Vec::new(),
    }
}

/// A manifest of this text.
pub fn manifest(path: &str, text: &str) -> Manifest {
    Manifest::parse(path, text).expect("TOML")
}

/// `rust-toolchain.toml` with this channel on line 2.
pub fn toolchain_file(channel: &str) -> ToolchainFile {
    ToolchainFile {
        path: "rust-toolchain.toml".into(),
        channel: Some(channel.into()),
        custom_path: None,
        line: 2,
        error: None,
        outside: false,
    }
}
