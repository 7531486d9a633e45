//! What cargo built before: units that it takes for current although a source has changed, and files that a build read
//! although no fingerprint holds them.
//!
//! Cargo compares modification times, and those can be kept: by `mv`, `cp -p`, `rsync -a`, or by a tool that restores them
//! after a checkout. The time of the last change of a file cannot be set, so this compares that as well, and has cargo
//! build again whatever began before it. For packages below a `vendor` directory cargo compares nothing at all, and to units
//! of another checkout of the same workspace it gives the same names.

mod dep_info;
mod directories;
mod owner;
mod packages;
mod reads;
mod stale;
mod units;

use std::path::{Path, PathBuf};

use gate_world::Workspace;

pub use reads::{BuildReads, still_holds};
pub(super) use reads::{changed, now};

use directories::Changes;
use packages::Packages;
use units::Unit;

/// Where a command builds, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Build {
    /// Where the command is started.
    started: PathBuf,
    directories: Vec<PathBuf>,
    /// What relative paths of sources may count from, the root of the files first: roots of workspaces.
    roots: Vec<PathBuf>,
    packages: Packages,
}

impl Build {
    /// Where `command` builds the workspace as it lies below `root`, when it is started in `directory` with these changes to
    /// the environment.
    pub(super) fn of(
        workspace: &Workspace,
        root: &Path,
        directory: &Path,
        command: &[String],
        environment: &Changes,
    ) -> Self {
        let mut this = Self {
            started: directory.to_owned(),
            directories: Vec::new(),
            roots: directories::roots(root, directory, command),
            packages: Packages::of(workspace, root),
        };
        for path in directories::of(workspace, &this.roots, directory, command, environment) {
            if !this.directories.contains(&path) {
                this.directories.push(path);
            }
        }
        this
    }

    /// Root of the files that are built.
    fn root(&self) -> &Path {
        self.roots.first().map_or(Path::new(""), PathBuf::as_path)
    }

    /// Every unit of a package whose sources can change.
    fn units(&self) -> impl Iterator<Item = Unit> {
        let profiles = self.directories.iter().flat_map(|path| units::profiles(path));
        profiles.flat_map(|profile| units::units(&profile, &self.roots, &self.packages))
    }

    /// Whether a program that cargo ran is in one of these directories. The path is as cargo wrote it: absolute, or from where
    /// cargo was started.
    pub(super) fn holds(&self, program: &str) -> bool {
        let Ok(program) = self.started.join(program).canonicalize() else {
            return false;
        };
        let mut real = self.directories.iter().filter_map(|path| path.canonicalize().ok());
        real.any(|path| program.starts_with(path))
    }
}
