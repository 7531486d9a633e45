//! Which file imports which, in every crate of the workspace: read from the manifests and the sources, for the test that
//! allows no circle and no arrow up, and for the picture in the architecture page.
//!
//! An arrow leads from the file that names something to the file that defines it, however many re-exports lie between. A
//! re-export by itself is no arrow, so a `mod.rs` that declares its children and passes their names on imports nothing.
//! Code for tests (`#[cfg(test)]`) does not count.

mod graph;
mod names;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand, TargetKind};

use crate::Result;

pub use graph::{Graph, circles, layers};

/// A member of the workspace.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its name in the manifest.
    pub name: String,
    /// Its folder, relative to the workspace and `/`-separated.
    pub folder: String,
    /// Members that its library, programs and build script depend on.
    pub depends: BTreeSet<String>,
    /// Its modules of the first level. What the root file itself defines is no room.
    pub rooms: BTreeSet<String>,
    /// What its files import from each other, sorted.
    pub arrows: Vec<Arrow>,
}

/// One import between two files of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    /// The file that imports.
    pub from: Place,
    /// The file with the definition.
    pub to: Place,
    /// Line of the import.
    pub line: usize,
    /// The path as it is written there.
    pub path: String,
}

/// A file of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The module of the first level that it belongs to, empty for the root of a crate.
    pub room: String,
    /// Its path relative to the workspace, `/`-separated.
    pub file: String,
}

impl Package {
    /// Its files and what each imports.
    pub fn files(&self) -> Graph {
        let mut graph = Graph::new();
        for arrow in &self.arrows {
            graph
                .entry(arrow.from.file.clone())
                .or_default()
                .insert(arrow.to.file.clone());
            graph.entry(arrow.to.file.clone()).or_default();
        }
        graph
    }

    /// Its rooms and what each imports, the root of the crate left out.
    pub fn room_graph(&self) -> Graph {
        let mut graph: Graph = self.rooms.iter().map(|room| (room.clone(), BTreeSet::new())).collect();
        for Arrow { from, to, .. } in &self.arrows {
            if from.room != to.room && !from.room.is_empty() && !to.room.is_empty() {
                graph.entry(from.room.clone()).or_default().insert(to.room.clone());
            }
        }
        graph
    }
}

/// The members of the workspace in `root` with their imports, sorted by name.
///
/// # Errors
/// A manifest or a source cannot be read.
pub fn packages(root: &Path) -> Result<Vec<Package>> {
    let metadata = MetadataCommand::new()
        .current_dir(root)
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()?;
    let root = metadata.workspace_root.as_std_path();
    let mut packages = Vec::new();
    for package in &metadata.packages {
        let folder = package.manifest_path.parent().unwrap_or(&package.manifest_path);
        let mut arrows = BTreeMap::new();
        let mut rooms = BTreeSet::new();
        for target in &package.targets {
            let counts = [TargetKind::Lib, TargetKind::Bin, TargetKind::ProcMacro];
            // A program made of another package's file is read there.
            if !target.kind.iter().any(|kind| counts.contains(kind)) || !target.src_path.starts_with(folder) {
                continue;
            }
            let modules = source::read(root, target.src_path.as_std_path())?;
            rooms.extend(modules.iter().filter_map(|module| module.path.first().cloned()));
            // The first line that makes an arrow stands for the others.
            for arrow in names::arrows(&modules) {
                arrows.entry((arrow.from.clone(), arrow.to.clone())).or_insert(arrow);
            }
        }
        let depends = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development && dependency.path.is_some())
            .map(|dependency| dependency.name.clone())
            .collect();
        packages.push(Package {
            name: package.name.to_string(),
            folder: source::relative(root, folder.as_std_path()),
            depends,
            rooms,
            arrows: arrows.into_values().collect(),
        });
    }
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(packages)
}
