//! What a suite reads beyond the workspace root: path dependencies that lie elsewhere in the repository.

use std::path::{Component, Path, PathBuf};

use gate_world::Workspace;
use gate_world::cargo::ManifestText;

/// How far the sources of a workspace reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
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
pub fn reach(workspace: &Workspace) -> Reach {
    let root = workspace.root();
    if stays_below(root, workspace.manifest_texts()) {
        return Reach::Root;
    }
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

/// Whether everything that cargo read lies below the root, and no line of a manifest has as many `..` as it takes to
/// leave it. That is nearly every workspace, and this way nearly no manifest is parsed for the question.
fn stays_below(root: &Path, manifests: &[ManifestText]) -> bool {
    let spelled = root.to_string_lossy();
    !manifests.is_empty()
        && manifests.iter().all(|manifest| {
            let Some(directory) = manifest
                .path
                .parent()
                .and_then(|directory| directory.strip_prefix(root).ok())
            else {
                return false;
            };
            if directory
                .components()
                .any(|component| component == Component::ParentDir)
            {
                return false;
            }
            let text = manifest.text.as_deref().unwrap_or_default();
            let depth = directory.components().count();
            // An absolute path leaves the root by its spelling, wherever it leads.
            memchr::memmem::find(text.as_bytes(), spelled.as_bytes()).is_none()
                && (memchr::memmem::find(text.as_bytes(), b"..").is_none()
                    || text.lines().all(|line| line.matches("..").count() <= depth))
        })
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
    fn manifests_that_could_leave_the_root_are_looked_at() {
        let root = Path::new(if cfg!(windows) { r"C:\srv\app" } else { "/srv/app" });
        let stays = |path: &str, text: &str| {
            let manifest = ManifestText {
                path: root.join(path),
                text: Some(text.to_owned()),
            };
            stays_below(root, &[manifest])
        };
        assert!(stays("Cargo.toml", "[dependencies]\na = { path = \"a\" }\n"));
        assert!(!stays("Cargo.toml", "a = { path = \"../a\" }"));
        assert!(stays(
            "crates/a/Cargo.toml",
            "b = { path = \"../b\" }\nc = { path = \"../../c\" }"
        ));
        assert!(!stays("crates/a/Cargo.toml", "b = { path = \"../../../b\" }"));
        assert!(!stays("crates/a/Cargo.toml", "b = { path = \"../x/../../y/../z\" }"));
        assert!(!stays(
            "a/Cargo.toml",
            &format!("b = {{ path = '{}' }}", root.join("b").display())
        ));
        assert!(!stays("../b/Cargo.toml", ""));
        assert!(!stays_below(root, &[]));
    }

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
