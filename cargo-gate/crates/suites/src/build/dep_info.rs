//! What the compiler and build scripts say that they read: dep-info files (`*.d`, a Makefile, see
//! <https://doc.rust-lang.org/cargo/reference/build-cache.html#dep-info-files>) and the output of a build script
//! (<https://doc.rust-lang.org/cargo/reference/build-scripts.html#change-detection>).

use std::path::{Path, PathBuf};

/// Files and variables that one unit of a build read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sources {
    /// Files and directories, as they are written.
    pub(super) files: Vec<PathBuf>,
    /// Names of environment variables.
    pub(super) variables: Vec<String>,
}

/// Reads a dep-info file of rustc: every source has a line of its own that ends in a colon, and every variable one that
/// starts with `# env-dep:`.
pub(super) fn of_compiler(text: &str) -> Sources {
    let mut sources = Sources::default();
    for line in text.lines() {
        if let Some(variable) = line.strip_prefix("# env-dep:") {
            let name = variable.split_once('=').map_or(variable, |(name, _)| name);
            sources.variables.push(name.to_owned());
        } else if let Some(file) = line.strip_suffix(':').filter(|_| !line.starts_with('#')) {
            sources.files.push(PathBuf::from(file.replace("\\ ", " ")));
        }
    }
    sources
}

/// Reads the output of a build script. `None` for the files means that it named none, and so reads its whole package.
pub(super) fn of_build_script(text: &str, package: &Path) -> (Option<Vec<PathBuf>>, Vec<String>) {
    let mut files = None;
    let mut variables = Vec::new();
    for line in text.lines() {
        let Some(directive) = line.strip_prefix("cargo::").or_else(|| line.strip_prefix("cargo:")) else {
            continue;
        };
        if let Some(path) = directive.strip_prefix("rerun-if-changed=") {
            files.get_or_insert_with(Vec::new).push(package.join(path));
        } else if let Some(name) = directive.strip_prefix("rerun-if-env-changed=") {
            // A script that names a variable and no file is run again for that variable only.
            files.get_or_insert_with(Vec::new);
            variables.push(name.to_owned());
        }
    }
    (files, variables)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_dep_info_file_of_rustc() {
        // Of rustc 1.95, shortened.
        let text = "/w/target/debug/deps/x-1.d: src/lib.rs src/../a\\ b.txt\n\n/w/target/debug/deps/libx-1.rlib: \
                    src/lib.rs src/../a\\ b.txt\n\nsrc/lib.rs:\nsrc/../a\\ b.txt:\n\n# env-dep:BAR\n# env-dep:FOO=a=b\n";
        let sources = of_compiler(text);
        assert_eq!(sources.files, [Path::new("src/lib.rs"), Path::new("src/../a b.txt")]);
        assert_eq!(sources.variables, ["BAR", "FOO"]);
    }

    #[test]
    fn a_build_script_that_names_nothing_reads_its_package() {
        let package = Path::new("/p");
        assert_eq!(of_build_script("cargo:rustc-cfg=x\n", package), (None, Vec::new()));
        let (files, variables) = of_build_script("cargo::rerun-if-changed=a\ncargo:rerun-if-env-changed=B\n", package);
        assert_eq!(files, Some(vec![package.join("a")]));
        assert_eq!(variables, ["B"]);
        assert_eq!(
            of_build_script("cargo:rerun-if-env-changed=B", package).0,
            Some(Vec::new())
        );
    }

    proptest! {
        #[test]
        fn every_file_that_is_written_is_read(names in proptest::collection::vec("[a-z][a-z ./]{0,12}[a-z]", 0..6)) {
            let text: String = names.iter().map(|name| format!("{}:\n", name.replace(' ', "\\ "))).collect();
            let read: Vec<String> =
                of_compiler(&text).files.iter().map(|file| file.to_string_lossy().into_owned()).collect();
            prop_assert_eq!(read, names);
        }

        #[test]
        fn any_text_is_fine(text in "[ -~\n\\\\:#]{0,200}") {
            of_compiler(&text);
            of_build_script(&text, Path::new("p"));
        }
    }
}
