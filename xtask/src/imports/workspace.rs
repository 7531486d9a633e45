//! The members of a workspace, as cargo tells them, and their sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand, TargetKind};

use super::package::Package;
use super::{names, source};
use crate::Result;

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
