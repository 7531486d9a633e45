//! A member of the workspace and what its files import.

use std::collections::BTreeSet;

use super::graph::Graph;

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
