//! Which rustc can compile for the target.

use std::path::{Path, PathBuf};

use super::TARGET;
use crate::env::{Env, Os};
use crate::sorted::{Append as _, List as _, Set};

/// Where a toolchain has `core` for the target from.
pub(crate) enum Core {
    /// It was installed with it; the file.
    Installed(PathBuf),
    /// It can be built from the sources of the library in this folder.
    Sources(PathBuf),
}

/// The first rustc that can compile for the target, and every file that was looked for. `GATE_RUSTC` names the only one to
/// be looked at; without it they are cargo's own (`RUSTC`), rustup's toolchains with the chosen one in front, and `PATH`.
pub(crate) fn find(env: &Env) -> (Option<PathBuf>, Vec<PathBuf>) {
    let candidates = candidates(env);
    let found = candidates.iter().seek(|file| core_of(env, file).is_some()).cloned();
    (found, candidates)
}

fn candidates(env: &Env) -> Vec<PathBuf> {
    let name = if env.os() == Os::Windows { "rustc.exe" } else { "rustc" };
    if let Some(named) = env.variable("GATE_RUSTC") {
        return vec![PathBuf::from(named)];
    }
    let mut files: Vec<PathBuf> = Vec::new();
    // Cargo names the program itself, not rustup's stand-in for it.
    files.append_all(
        env.variable("RUSTC")
            .map(PathBuf::from)
            .filter(|file| file.is_absolute()),
    );
    if let Some(toolchains) = toolchains(env) {
        let chosen = env.variable("RUSTUP_TOOLCHAIN").and_then(|name| name.to_str());
        let mut names = env.names(&toolchains);
        let is_other = |name: &String| Some(name.as_str()) != chosen;
        crate::sorted::sort_by(&mut names, |a, b| is_other(a).cmp(&is_other(b)));
        files.append_all(
            names
                .iter()
                .map(|toolchain| toolchains.join(toolchain).join("bin").join(name)),
        );
    }
    files.append_all(env.search_path().into_iter().map(|folder| folder.join(name)));
    let mut seen = Set::new();
    files.retain(|file| seen.insert(file.clone()));
    files
}

/// The folder in which rustup keeps toolchains, whether or not it is there.
pub(super) fn toolchains(env: &Env) -> Option<PathBuf> {
    let home = env.variable("RUSTUP_HOME").map(PathBuf::from).or_else(|| {
        let variable = if env.os() == Os::Windows { "USERPROFILE" } else { "HOME" };
        env.variable(variable).map(|home| PathBuf::from(home).join(".rustup"))
    });
    Some(home?.join("toolchains"))
}

/// The folder that a rustc is installed in: `bin/rustc` below it.
pub(crate) fn sysroot(rustc: &Path) -> Option<&Path> {
    rustc.parent()?.parent()
}

/// Where this rustc has `core` for the target from; `None` when it has it from nowhere, or is not there.
pub(crate) fn core_of(env: &Env, rustc: &Path) -> Option<Core> {
    if !env.is_file(rustc) {
        return None;
    }
    let rustlib = sysroot(rustc)?.join("lib").join("rustlib");
    let libraries = rustlib.join(TARGET).join("lib");
    let installed = env
        .names(&libraries)
        .into_iter()
        .seek(|name| name.starts_with("libcore-") && name.ends_with(".rlib"));
    if let Some(name) = installed {
        return Some(Core::Installed(libraries.join(name)));
    }
    let sources = rustlib.join("src").join("rust").join("library");
    env.is_file(&sources.join("core").join("src").join("lib.rs"))
        .then_some(Core::Sources(sources))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    struct Tree(Vec<String>);

    impl crate::env::Files for Tree {
        fn is_file(&self, path: &Path) -> bool {
            self.0.iter().any(|file| Path::new(file) == path)
        }

        fn entries(&self, directory: &Path) -> Vec<OsString> {
            self.0
                .iter()
                .filter_map(|file| Path::new(file).strip_prefix(directory).ok())
                .filter_map(|rest| Some(rest.components().next()?.as_os_str().to_owned()))
                .collect()
        }
    }

    /// Paths with colons between them as this system spells them: absolute, and programs by their names here.
    fn spelled(paths: &str) -> String {
        if !cfg!(windows) {
            return paths.to_owned();
        }
        let one = |path: &str| match path.strip_suffix("/rustc") {
            Some(folder) if path.starts_with('/') => format!("C:{folder}/rustc.exe"),
            _ if path.starts_with('/') => format!("C:{path}"),
            _ => path.to_owned(),
        };
        paths.split(':').map(one).collect::<Vec<_>>().join(";")
    }

    fn found(variables: &[(&str, &str)], files: &[&str]) -> Option<PathBuf> {
        let variables = variables.iter().map(|(name, value)| (*name, spelled(value)));
        let files = files.iter().map(|file| spelled(file)).collect();
        find(&Env::new(Os::host(), variables, Tree(files))).0
    }

    const TREE: &[&str] = &[
        "/r/toolchains/a/bin/rustc",
        "/r/toolchains/b/bin/rustc",
        "/r/toolchains/b/lib/rustlib/src/rust/library/core/src/lib.rs",
        "/r/toolchains/c/bin/rustc",
        "/r/toolchains/c/lib/rustlib/nvptx64-nvidia-cuda/lib/libcore-1.rlib",
        "/usr/bin/rustc",
        "/usr/lib/rustlib/src/rust/library/core/src/lib.rs",
        "/h/.cargo/bin/rustc",
    ];

    #[test]
    fn the_first_toolchain_that_has_core_is_taken() {
        for (variables, expected) in [
            (&[("RUSTUP_HOME", "/r")][..], Some("/r/toolchains/b/bin/rustc")),
            (
                &[("RUSTUP_HOME", "/r"), ("RUSTUP_TOOLCHAIN", "c")],
                Some("/r/toolchains/c/bin/rustc"),
            ),
            (
                &[("RUSTUP_HOME", "/r"), ("RUSTC", "/usr/bin/rustc")],
                Some("/usr/bin/rustc"),
            ),
            (
                &[("RUSTUP_HOME", "/r"), ("RUSTC", "rustc")],
                Some("/r/toolchains/b/bin/rustc"),
            ),
            (&[("PATH", "/h/.cargo/bin:/usr/bin")], Some("/usr/bin/rustc")),
            // What is named outright is not replaced by something else.
            (
                &[("GATE_RUSTC", "/r/toolchains/a/bin/rustc"), ("PATH", "/usr/bin")],
                None,
            ),
            (&[], None),
        ] {
            let expected = expected.map(|path| PathBuf::from(spelled(path)));
            assert_eq!(found(variables, TREE), expected, "{variables:?}");
        }
    }
}
