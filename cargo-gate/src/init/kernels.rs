//! A crate with one GPU kernel: contract, CPU function, CUDA source and launch through the typed interface of `gate-build` and
//! `gate-runtime`, and tests that pass without a device. The files lie in `templates/kernels`.

use std::path::PathBuf;

use gate_base::error::{Error, Result};
use gate_policy::PRODUCTION_SUITES;

use super::{MemberFacts, ProductionSuite};

/// The oldest Rust that `gate-build` and `gate-runtime` support.
const RUST: &str = "1.89";

/// Files of the template with their paths below the crate.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../../templates/kernels/Cargo.toml.in")),
    ("build.rs", include_str!("../../templates/kernels/build.rs")),
    ("kernels/scale.cu", include_str!("../../templates/kernels/scale.cu")),
    ("src/lib.rs", include_str!("../../templates/kernels/lib.rs")),
    ("tests/scale.rs", include_str!("../../templates/kernels/scale.rs")),
    (
        "tests/prod_cuda_contracts.rs",
        include_str!("../../templates/kernels/prod_cuda_contracts.rs"),
    ),
    (
        "tests/prod_decision_log.rs",
        include_str!("../../templates/kernels/prod_decision_log.rs"),
    ),
    (
        "tests/prod_runtime_rollback.rs",
        include_str!("../../templates/kernels/prod_runtime_rollback.rs"),
    ),
    (
        "tests/prod_status_errors.rs",
        include_str!("../../templates/kernels/prod_status_errors.rs"),
    ),
];

/// A crate of kernels that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelCrate {
    /// Its directory relative to the workspace root, with `/`.
    pub directory: String,
    /// Its package name: the last part of the directory.
    pub package: String,
}

impl KernelCrate {
    /// The crate in a directory.
    ///
    /// # Errors
    /// The directory is not below the root, its name is none of a package, or a member elsewhere has that name (usage).
    pub fn new(directory: &str, members: &[(MemberFacts, String)]) -> Result<Self> {
        let directory = directory.replace('\\', "/");
        let directory = directory.trim_start_matches("./").trim_end_matches('/');
        let outside = directory.starts_with('/')
            || directory.contains(':')
            || directory.split('/').any(|part| matches!(part, "" | "." | ".."));
        if outside {
            return Err(
                Error::usage(format!("`{directory}` is not a directory inside the workspace"))
                    .with_help("pass a directory such as `kernels` or `crates/kernels`"),
            );
        }
        let package = directory.rsplit('/').next().unwrap_or(directory).to_owned();
        let letters = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
        let reserved = [
            "test",
            "core",
            "std",
            "alloc",
            "proc_macro",
            "proc-macro",
            "build",
            "gate_runtime",
        ];
        if !package.starts_with(|char: char| char.is_ascii_alphabetic())
            || !package.chars().all(letters)
            || reserved.contains(&package.as_str())
        {
            return Err(Error::usage(format!("`{package}` is not a valid package name"))
                .with_help("pass a directory such as `kernels`"));
        }
        let taken = members
            .iter()
            .find(|(member, at)| member.name == package && *at != directory);
        if let Some((_, at)) = taken {
            return Err(
                Error::usage(format!("the package in `{at}` is already called `{package}`"))
                    .with_help("choose another directory: `cargo gate init --kernels <directory>`"),
            );
        }
        Ok(Self {
            directory: directory.to_owned(),
            package,
        })
    }

    /// The production suites among its tests.
    pub fn production(&self) -> impl Iterator<Item = ProductionSuite> {
        PRODUCTION_SUITES.iter().map(|name| ProductionSuite {
            name: (*name).to_owned(),
            package: self.package.clone(),
        })
    }

    /// Its files with their paths relative to the workspace root.
    pub fn files(&self) -> Vec<(PathBuf, String)> {
        let version = env!("CARGO_PKG_VERSION")
            .rsplit_once('.')
            .map_or("0", |(minor, _)| minor);
        let file = |(path, text): &(&str, &str)| {
            let text = text
                .replace("@PACKAGE@", &self.package)
                .replace("@CRATE@", &self.package.replace('-', "_"))
                .replace("@RUST@", RUST)
                .replace("@VERSION@", version);
            let path = self.directory.split('/').chain(path.split('/')).collect();
            (path, text)
        };
        FILES.iter().map(file).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(directory: &str) -> Vec<(PathBuf, String)> {
        KernelCrate::new(directory, &[]).expect("a directory").files()
    }

    /// Authority belongs to the library crates: what users begin with has none.
    #[test]
    fn the_template_has_no_raw_authority() {
        for (path, text) in files("kernels") {
            let raw = text.replace("unsafe_code = \"forbid\"", "");
            for word in ["unsafe", "transmute", "extern \"C\" {", "asm!"] {
                assert!(!raw.contains(word), "{}: {word}", path.display());
            }
            assert!(!text.contains('@'), "{}: a placeholder is left", path.display());
        }
    }

    #[test]
    fn names_follow_the_directory() {
        let text = |directory: &str, name: &str| {
            let files = files(directory);
            let found = files.iter().find(|(path, _)| path.ends_with(name));
            found.map(|(_, text)| text.clone()).expect("a file")
        };
        assert!(text("crates/my-kernels/", "Cargo.toml").contains("name = \"my-kernels\""));
        assert!(text("./crates/my-kernels", "scale.rs").contains("use my_kernels::{"));
        for directory in [
            "",
            ".",
            "..",
            "../up",
            "/abs",
            "a//b",
            "a/../b",
            "C:/x",
            "1st",
            "ker nels",
            "test",
            "bad\"name",
        ] {
            KernelCrate::new(directory, &[]).expect_err(directory);
        }
    }

    #[test]
    fn a_name_that_is_taken_is_refused() {
        let member = MemberFacts {
            name: "kernels".into(),
            kind: gate_report::claim::Kind::Kernels,
            raw_boundaries: None,
        };
        let members = [(member, "gpu/kernels".to_owned())];
        let error = KernelCrate::new("kernels", &members).expect_err("the name is taken");
        assert!(error.message.contains("`gpu/kernels`"), "{}", error.message);
        assert!(KernelCrate::new("gpu/kernels", &members).is_ok(), "the crate itself");
    }
}
