//! The packages whose sources can change: members, path dependencies, and what is vendored in the workspace.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gate_world::Workspace;

/// Directories of packages by name, and where sources lie that never change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Packages {
    by_name: BTreeMap<String, Vec<PathBuf>>,
    /// The caches of cargo, and the toolchains.
    fixed: Vec<PathBuf>,
}

impl Packages {
    /// Those of the workspace, as they lie below `root`: the workspace itself, or a copy of it.
    pub(super) fn of(workspace: &Workspace, root: &Path) -> Self {
        let mut this = Self::default();
        let model = workspace.cargo();
        for member in &model.members {
            this.add(&member.name, root.join(&member.directory));
        }
        for package in &model.dependencies {
            let Some(directory) = package.manifest.parent() else {
                continue;
            };
            match directory.strip_prefix(workspace.root()) {
                Ok(below) => this.add(&package.name, root.join(below)),
                Err(_) if package.source.is_none() => this.add(&package.name, directory.to_owned()),
                Err(_) => {}
            }
        }
        let (environment, cwd) = (workspace.environment(), &workspace.options.cwd);
        // Outside the registries and checkouts, what lies in cargo's home may well be somebody's workspace.
        let home = environment.cargo_home(cwd);
        this.fixed = home
            .iter()
            .flat_map(|home| [home.join("registry"), home.join("git")])
            .collect();
        this.fixed
            .extend(environment.rustup_home(cwd).map(|home| home.join("toolchains")));
        this
    }

    fn add(&mut self, name: &str, directory: PathBuf) {
        self.by_name.entry(name.to_owned()).or_default().push(directory);
    }

    /// Directories of the packages of this name.
    pub(super) fn named(&self, name: &str) -> &[PathBuf] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether this is the directory of one of them.
    pub(super) fn has(&self, directory: &Path) -> bool {
        self.by_name.values().flatten().any(|known| known == directory)
    }

    /// Whether a source is one that somebody may edit.
    pub(super) fn may_change(&self, file: &Path) -> bool {
        !self.fixed.iter().any(|fixed| file.starts_with(fixed))
    }
}
