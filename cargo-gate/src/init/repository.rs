//! Where CI services read workflows: at the top of the repository, which may hold several workspaces.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use gate_base::paths;

/// The directories of the workspaces below `top`, relative to it, sorted; `""` is the top itself. A manifest below
/// another one belongs to that workspace, or was left out of it on purpose.
pub fn workspaces(top: &Path) -> Vec<String> {
    let mut manifests: Vec<PathBuf> = WalkBuilder::new(top)
        .require_git(false)
        .build()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name() == "Cargo.toml" && entry.path().is_file())
        .filter_map(|entry| Some(entry.path().parent()?.to_owned()))
        .collect();
    // Component by component, so that what lies below a directory follows it.
    manifests.sort();
    let mut roots: Vec<PathBuf> = Vec::new();
    for directory in manifests {
        if roots.last().is_none_or(|root| !directory.starts_with(root)) {
            roots.push(directory);
        }
    }
    roots.iter().map(|root| paths::relative(top, root)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(manifests: &[&str]) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        for manifest in manifests {
            let path = directory.path().join(manifest);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        std::fs::write(directory.path().join(".gitignore"), "/vendor\n").unwrap();
        workspaces(directory.path())
    }

    #[test]
    fn a_workspace_ends_where_another_manifest_lies_above() {
        assert_eq!(
            found(&[
                "back/Cargo.toml",
                "back/fuzz/Cargo.toml",
                "back-end/Cargo.toml",
                "web/app/Cargo.toml",
                "vendor/other/Cargo.toml",
            ]),
            ["back", "back-end", "web/app"]
        );
        assert_eq!(found(&["Cargo.toml", "member/Cargo.toml"]), [""]);
        assert!(found(&[]).is_empty());
    }
}
