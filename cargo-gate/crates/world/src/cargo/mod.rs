//! Cargo's view of the workspace: a slim model of `cargo metadata`, cached by everything that it depends on.

mod ask;
mod call;
mod inputs;
mod locate;
pub mod lock;
mod metadata;
mod record;
mod refused;

use std::path::PathBuf;

use semver::Version;
use serde::{Deserialize, Serialize};

pub use ask::ask;
pub use call::{Cargo, PendingExit};
pub use inputs::{Inputs, ManifestText};
pub use locate::{Hint, locate};
pub use metadata::Answer;
pub use record::{load, store};

/// The part of `cargo metadata` that checks read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CargoModel {
    /// Directory of the root manifest.
    pub root: PathBuf,
    /// Cargo's target directory.
    pub target_dir: PathBuf,
    /// Where cargo keeps what it needs only to build, if that is another directory (`build.build-dir`).
    pub build_dir: Option<PathBuf>,
    /// Workspace members, sorted by name.
    pub members: Vec<Member>,
    /// Packages outside the workspace that the lockfile resolves to, sorted by name and version; empty when the
    /// workspace does not resolve.
    pub dependencies: Vec<Dependency>,
}

/// A workspace member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Package name.
    pub name: String,
    /// Package version.
    pub version: Version,
    /// Manifest path relative to the workspace root, `/`-separated (may start with `../`).
    pub manifest: String,
    /// Directory of the manifest relative to the workspace root, `/`-separated, empty for the root itself.
    pub directory: String,
    /// Edition, `2015` and so on.
    pub edition: String,
    /// Declared `rust-version`.
    pub rust_version: Option<Version>,
    /// Whether it may be published anywhere (`publish = false` is `false`).
    pub publish: bool,
    /// Whether cargo would publish it as far as its dependencies go: each that is not for development has a version.
    pub publishable: bool,
    /// Its targets.
    pub targets: Vec<Target>,
}

/// A Cargo target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Target name.
    pub name: String,
    /// Kinds as cargo writes them: `lib`, `proc-macro`, `bin`, `test`, `bench`, `example`, `custom-build`.
    pub kind: Vec<String>,
    /// Root source file relative to the workspace root, `/`-separated.
    pub source: String,
    /// Whether `cargo test` builds and runs it.
    pub test: bool,
}

/// A resolved package outside the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// Package name.
    pub name: String,
    /// Package version.
    pub version: Version,
    /// Source as cargo writes it (`registry+…`, `git+…`); `None` for a path.
    pub source: Option<String>,
    /// Absolute path of its manifest on this machine.
    pub manifest: PathBuf,
    /// SHA-256 of the published archive as the lockfile states it; `None` for anything but a registry package.
    pub checksum: Option<String>,
}

/// What `cargo metadata --locked` said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resolution {
    /// The lockfile agrees with the manifests.
    Locked,
    /// There is no lockfile.
    NoLockfile,
    /// The lockfile contradicts the manifests; cargo's message.
    Stale(String),
    /// The lockfile cannot be read by this cargo; its message.
    Unreadable(String),
    /// Resolution needs something that is not on this machine (offline, an unreachable source); cargo's message.
    Unavailable(String),
}
