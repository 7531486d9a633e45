//! What cargo built before: units that it takes for current although a source has changed, and files that a build read
//! although no fingerprint holds them.
//!
//! Cargo compares modification times, and those can be kept: by `mv`, `cp -p`, `rsync -a`, or by a tool that restores them
//! after a checkout. The time of the last change of a file cannot be set, so this compares that as well, and has cargo
//! build again whatever began before it. For packages below a `vendor` directory cargo compares nothing at all.

mod dep_info;
mod packages;
mod reads;
mod stale;
mod units;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use gate_world::Workspace;

pub(super) use reads::now;
pub use reads::{BuildReads, still_holds};

use packages::Packages;
use units::{BuildDirectory, Unit};

/// Where a command builds, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Build {
    directories: Vec<BuildDirectory>,
    packages: Packages,
    /// Root of the files that are built.
    root: PathBuf,
}

impl Build {
    /// Where `command` builds the workspace as it lies below `root`, when it is started in `directory` with these changes to
    /// the environment.
    pub(super) fn of(
        workspace: &Workspace,
        root: &Path,
        directory: &Path,
        command: &[String],
        environment: &[(OsString, Option<OsString>)],
    ) -> Self {
        let mut this = Self {
            directories: Vec::new(),
            packages: Packages::of(workspace, root),
            root: root.to_owned(),
        };
        let set = |name: &str| environment.iter().rev().find(|(other, _)| other == name)?.1.as_deref();
        let inherited = |name: &str| workspace.environment().get(name);
        match set("CARGO_TARGET_DIR") {
            Some(target) => this.add(directory.join(target), root),
            None => {
                this.add(workspace.target_dir().to_owned(), root);
                if let Some(elsewhere) = &workspace.cargo().build_dir {
                    this.add(elsewhere.clone(), root);
                }
                let named = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"];
                for target in named.into_iter().filter_map(inherited) {
                    this.add(directory.join(target), root);
                }
            }
        }
        if let Some(elsewhere) = inherited("CARGO_BUILD_BUILD_DIR") {
            this.add(directory.join(elsewhere), root);
        }
        for target in named_in(command) {
            this.add(directory.join(target), root);
        }
        // A suite may run in a workspace of its own below this one.
        for own in directory
            .ancestors()
            .take_while(|own| *own != root && own.starts_with(root))
        {
            this.add(own.join("target"), own);
        }
        this
    }

    fn add(&mut self, path: PathBuf, root: &Path) {
        let directory = BuildDirectory {
            path,
            root: root.to_owned(),
        };
        if !self.directories.contains(&directory) {
            self.directories.push(directory);
        }
    }

    /// Every unit of a package whose sources can change, with the profile directory that holds it.
    fn units(&self) -> impl Iterator<Item = (PathBuf, Vec<Unit>)> {
        self.directories.iter().flat_map(|directory| {
            let profiles = units::profiles(&directory.path).into_iter();
            profiles.map(|profile| {
                let units = units::units(&profile, &directory.root, &self.packages);
                (profile, units)
            })
        })
    }
}

/// Values of `--target-dir` in a command.
fn named_in(command: &[String]) -> impl Iterator<Item = &OsStr> {
    command.iter().enumerate().filter_map(|(at, word)| {
        let value = match word.strip_prefix("--target-dir")? {
            "" => command.get(at + 1)?,
            rest => rest.strip_prefix('=')?,
        };
        Some(OsStr::new(value))
    })
}
