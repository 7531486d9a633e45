//! What a suite reads beyond the workspace root: path dependencies that lie elsewhere in the repository.

use std::path::{Component, Path, PathBuf};

use crate::workspace::Workspace;

/// How far the sources of a workspace reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Everything lies below the workspace root.
    Root,
    /// Something lies beside the workspace, in the repository with this top.
    Repository(PathBuf),
    /// Something lies outside the repository, or outside the workspace where there is no repository.
    Elsewhere {
        /// The manifest that asks for it.
        manifest: String,
        /// The path as it is written there.
        path: String,
    },
}

/// Looks at every `path = "…"` of the members' manifests and at every package that cargo found without a registry.
pub(crate) fn reach(workspace: &Workspace) -> Reach {
    let root = workspace.root();
    let top = workspace.git().map(|git| git.top.as_path());
    let depth = top.and_then(|top| Some(root.strip_prefix(top).ok()?.components().count()));
    let mut beside = false;
    for manifest in workspace.manifests() {
        let directory = Path::new(&manifest.path).parent().unwrap_or(Path::new(""));
        let mut paths = vec!["."];
        dependency_paths(&manifest.table, &mut paths);
        for path in paths {
            match (climbs(&directory.join(path)), depth) {
                (Some(0), _) => {}
                (Some(up), Some(depth)) if up <= depth => beside = true,
                _ => {
                    return Reach::Elsewhere {
                        manifest: manifest.path.clone(),
                        path: path.to_owned(),
                    };
                }
            }
        }
    }
    // What a path dependency depends on by path, known where there is a lockfile.
    for package in &workspace.cargo().dependencies {
        if package.source.is_some() || package.manifest.starts_with(root) {
            continue;
        }
        if !top.is_some_and(|top| package.manifest.starts_with(top)) {
            return Reach::Elsewhere {
                manifest: "Cargo.toml".to_owned(),
                path: package.name.clone(),
            };
        }
        beside = true;
    }
    match top {
        Some(top) if beside => Reach::Repository(top.to_owned()),
        _ => Reach::Root,
    }
}

/// Values of `path` in every table of dependencies, wherever cargo allows one: `[dependencies]`, `[target.….dependencies]`,
/// `[workspace.dependencies]`, `[patch.…]`.
fn dependency_paths<'a>(table: &'a toml::Table, found: &mut Vec<&'a str>) {
    for (key, value) in table {
        let Some(table) = value.as_table() else {
            continue;
        };
        if key.ends_with("dependencies") {
            found.extend(table.values().filter_map(|dependency| dependency.get("path")?.as_str()));
        } else if key == "patch" {
            let sources = table.values().filter_map(toml::Value::as_table);
            found.extend(
                sources
                    .flat_map(toml::Table::values)
                    .filter_map(|patch| patch.get("path")?.as_str()),
            );
        } else if matches!(key.as_str(), "workspace" | "target") || table.values().any(toml::Value::is_table) {
            dependency_paths(table, found);
        }
    }
}

/// How many directories a path relative to the root climbs above it, by its text alone; `None` for an absolute one.
fn climbs(path: &Path) -> Option<usize> {
    let (mut depth, mut highest) = (0_isize, 0_isize);
    for component in path.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::ParentDir => depth -= 1,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
        highest = highest.min(depth);
    }
    Some(highest.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_highest_point_counts() {
        for (path, up) in [
            ("a/../b", Some(0)),
            ("../b", Some(1)),
            ("a/../../b/../c", Some(1)),
            ("../../x/y", Some(2)),
            (".", Some(0)),
            ("/x", None),
        ] {
            assert_eq!(climbs(Path::new(path)), up, "{path}");
        }
    }
}
