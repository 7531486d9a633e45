//! The workspaces of a repository: where cargo, started there, would find a root manifest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

use gate_base::paths;

use crate::manifest::Manifest;

/// What a manifest says of workspaces.
struct Declared {
    /// Directories that its `[workspace]` leaves out; `None` where it has none.
    workspace: Option<Vec<PathBuf>>,
    /// Whether it names the workspace that it belongs to.
    belongs: bool,
}

/// The directories of all root manifests below `top` that git does not ignore, sorted: those with a `[workspace]`, and
/// packages that no workspace above them takes. Other repositories below `top` and target directories are left out.
pub fn below(top: &Path) -> Vec<PathBuf> {
    let manifests: BTreeMap<PathBuf, Declared> = WalkBuilder::new(top)
        .require_git(false)
        .filter_entry(|entry| entry.depth() == 0 || !is_foreign(entry))
        .build()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name() == "Cargo.toml" && entry.path().is_file())
        .filter_map(|entry| {
            let directory = entry.path().parent()?.to_owned();
            let declared = declared(entry.path(), &directory);
            Some((directory, declared))
        })
        .collect();
    let is_root = |directory: &PathBuf, declared: &Declared| {
        if declared.workspace.is_some() {
            return true;
        }
        let mut above = directory.ancestors().skip(1).take_while(|above| above.starts_with(top));
        let nearest = above.find_map(|above| manifests.get(above)?.workspace.as_ref());
        !declared.belongs && nearest.is_none_or(|excluded| excluded.iter().any(|out| directory.starts_with(out)))
    };
    let roots = manifests
        .iter()
        .filter(|(directory, declared)| is_root(directory, declared));
    roots.map(|(directory, _)| directory.clone()).collect()
}

/// Whether a directory belongs to another repository, or holds what builds leave behind.
fn is_foreign(entry: &DirEntry) -> bool {
    let path = entry.path();
    entry.file_type().is_some_and(|kind| kind.is_dir())
        && (path.join(".git").exists() || path.join("CACHEDIR.TAG").exists())
}

/// A manifest that cannot be read is one that cargo, started there, would refuse.
fn declared(path: &Path, directory: &Path) -> Declared {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let Ok(manifest) = Manifest::parse("Cargo.toml", text) else {
        return Declared {
            workspace: None,
            belongs: false,
        };
    };
    let workspace = manifest.table.get("workspace").map(|workspace| {
        let excluded = workspace.get("exclude").and_then(toml::Value::as_array);
        let paths = excluded.into_iter().flatten().filter_map(toml::Value::as_str);
        paths.map(|path| paths::normalize(&directory.join(path))).collect()
    });
    Declared {
        workspace,
        belongs: manifest.value(&["package", "workspace"]).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_root_manifest_is_found_and_no_member() {
        let directory = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let package = "[package]\nname = \"x\"\n";
        write(
            "back/Cargo.toml",
            "[workspace]\nmembers = [\"a\"]\nexclude = [\"fuzz\"]\n",
        );
        write("back/a/Cargo.toml", package);
        write("back/fuzz/Cargo.toml", package);
        write("back/own/Cargo.toml", "[package]\nname = \"x\"\n[workspace]\n");
        write("web/Cargo.toml", package);
        write(
            "web/part/Cargo.toml",
            "[package]\nname = \"x\"\nworkspace = \"../..\"\n",
        );
        write("broken/Cargo.toml", "[");
        write("vendor/other/Cargo.toml", package);
        write("target/package/x/Cargo.toml", package);
        write("target/CACHEDIR.TAG", "");
        write("submodule/Cargo.toml", package);
        write("submodule/.git", "gitdir: elsewhere\n");
        write(".gitignore", "/vendor\n");
        let found = below(directory.path());
        let found: Vec<String> = found
            .iter()
            .map(|root| paths::relative(directory.path(), root))
            .collect();
        assert_eq!(found, ["back", "back/fuzz", "back/own", "broken", "web"]);
    }
}
