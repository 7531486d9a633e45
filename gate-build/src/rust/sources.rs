//! What a compilation of Rust has read.

use std::fs;
use std::path::{Path, PathBuf};

use super::programs::passes;
use crate::compiler::Setting;
use crate::deps;
use crate::diagnostic::{Diagnostic, Id};
use crate::env::Env;
use crate::sorted::{Append as _, List as _, Set};
use crate::unit::Unit;

/// Every file that was read for a unit: those of a dependency file in the format of make, and for a crate the manifests, lock file and
/// settings of cargo.
///
/// # Errors
/// There is no such file, or it cannot be understood.
pub(super) fn read(
    setting: &Setting,
    unit: &Unit,
    dependency_file: &Path,
    compiler: &str,
) -> Result<Vec<PathBuf>, Diagnostic> {
    let listed = fs::read_to_string(dependency_file)
        .ok()
        .and_then(|text| deps::parse_make(&text))
        .ok_or_else(|| Diagnostic::error(Id::CompilerOutput, format!("{compiler} wrote no dependency file")))?;
    let mut files: Vec<PathBuf> = listed.into_iter().map(PathBuf::from).list();
    if unit.path.is_dir() {
        let read: Vec<PathBuf> = files.iter().map(|file| setting.crate_root.join(file)).list();
        files.append_all(
            settings(&setting.env, &unit.path, &read)
                .into_iter()
                .filter(|file| file.is_file()),
        );
        files.append_all(lock_file(&unit.path));
    }
    Ok(setting.absolute(files))
}

/// Where cargo looks for what decides about a crate beside these sources of it and of what it depends on, whether or not it is there: manifests of packages and of
/// workspaces around them, with features, editions and profiles, and its own settings.
pub(crate) fn settings(env: &Env, folder: &Path, sources: &[PathBuf]) -> Set<PathBuf> {
    let folders = sources.iter().filter_map(|file| file.parent()).chain([folder]);
    let mut ancestors: Set<&Path> = Set::new();
    for folder in folders {
        // What is above one that is known is known.
        for ancestor in folder.ancestors() {
            if !ancestors.insert(ancestor) {
                break;
            }
        }
    }
    let mut files: Set<PathBuf> = ancestors.into_iter().map(|folder| folder.join("Cargo.toml")).collect();
    let mut of_cargo: Vec<PathBuf> = folder.ancestors().map(|folder| folder.join(".cargo")).list();
    of_cargo.append_all(env.variable("CARGO_HOME").map(PathBuf::from));
    for folder in of_cargo {
        files.extend(["config.toml", "config"].map(|name| folder.join(name)));
    }
    files
}

/// Variables of this environment that the sources name in `env!` or `option_env!`, by the dependency files of rustc below a folder.
pub(super) fn variables(env: &Env, folder: &Path) -> Set<String> {
    let mut names = Set::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "d") {
                let text = fs::read_to_string(path).unwrap_or_default();
                let named = text.lines().filter_map(|line| line.strip_prefix("# env-dep:"));
                names.extend(named.map(|rest| rest.split_once('=').map_or(rest, |(name, _)| name).to_owned()));
            }
        }
    }
    // Of the others, cargo says what they hold.
    names.retain(|name| passes(env, name.as_ref()));
    names
}

/// The lock that cargo uses for the crate in `folder`: its own, or that of the workspace that it is a member of. One that merely is above belongs to
/// another crate.
pub(super) fn lock_file(folder: &Path) -> Option<PathBuf> {
    let lock = |folder: &Path| Some(folder.join("Cargo.lock")).filter(|file| file.is_file());
    let workspace = folder.ancestors().seek_map(|folder| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
        let is_root = manifest.lines().any(|line| line.trim_start().starts_with("[workspace"));
        is_root.then_some((folder, manifest))
    });
    match workspace {
        // Cargo says which; without its lock, it makes one.
        Some((root, manifest)) if root != folder && !manifest.contains("exclude") => lock(root),
        _ => lock(folder),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::{Disk, Os};

    #[test]
    fn manifests_of_path_dependencies_and_settings_of_cargo_are_named() {
        let root = Path::new("/w");
        let env = Env::new(Os::host(), [("CARGO_HOME", "/home/cargo")], Disk);
        let sources = ["/w/k/src/lib.rs", "/w/deep/dep/src/a.rs"].map(PathBuf::from);
        let files = settings(&env, &root.join("k"), &sources);
        for name in [
            "/w/k/Cargo.toml",
            "/w/deep/dep/Cargo.toml",
            "/w/Cargo.toml",
            "/w/k/.cargo/config.toml",
            "/w/.cargo/config",
            "/home/cargo/config.toml",
        ] {
            assert!(files.contains(Path::new(name)), "{name} of {files:?}");
        }
        assert!(!files.contains(Path::new("/w/deep/dep/.cargo/config.toml")));
    }

    #[test]
    fn a_lock_above_is_that_of_the_workspace_or_of_somebody_else() {
        let folder = tempfile::tempdir().unwrap();
        let (root, kernels) = (folder.path(), folder.path().join("kernels"));
        fs::create_dir(&kernels).unwrap();
        fs::write(kernels.join("Cargo.toml"), "[package]\n").unwrap();
        fs::write(root.join("Cargo.lock"), "").unwrap();
        for (above, own, expected) in [
            ("[package]\n", "[package]\n", None),
            ("[package]\n[workspace]\n", "[package]\n", Some(root.join("Cargo.lock"))),
            ("[workspace]\n", "[package]\n[workspace]\n", None),
            ("[workspace]\nexclude = [\"kernels\"]\n", "[package]\n", None),
        ] {
            fs::write(root.join("Cargo.toml"), above).unwrap();
            fs::write(kernels.join("Cargo.toml"), own).unwrap();
            assert_eq!(lock_file(&kernels), expected, "{above} {own}");
        }
        fs::write(kernels.join("Cargo.lock"), "").unwrap();
        assert_eq!(lock_file(&kernels), Some(kernels.join("Cargo.lock")));
    }

    #[test]
    fn variables_that_cargo_sets_itself_are_not_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("deps")).unwrap();
        let text = "a.o: a.rs\n\n# env-dep:SCALE=1\n# env-dep:GONE\n# env-dep:CARGO_PKG_NAME=k\n# env-dep:OUT_DIR=/o\n";
        fs::write(folder.path().join("deps/k.d"), text.replace("\\\n", "\n")).unwrap();
        let env = Env::new(Os::host(), Vec::<(String, String)>::new(), Disk);
        let names = variables(&env, folder.path());
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["GONE", "SCALE"]);
    }
}
