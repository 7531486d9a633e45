//! What is to be compiled, before anything is looked for.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::context::Context;
use crate::arch::Arch;
use crate::compiler::plain;
use crate::error::Error;
use crate::glob;
use crate::kernels::Kernels;
use crate::unit::{Language, Unit, UnitName};

/// What is to be compiled.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Sorted by name.
    pub units: Vec<Unit>,
    /// Sorted.
    pub archs: Vec<Arch>,
    /// Whether a variable named them and not build.rs.
    pub of_variable: bool,
    /// For CUDA sources.
    pub flags: Vec<String>,
    /// Folders below the crate in which a new file may change what is compiled.
    pub folders: Vec<PathBuf>,
    /// What gives a machine the compiler of Rust kernels.
    rust_remedy: &'static str,
}

impl Plan {
    pub(crate) fn of(kernels: &Kernels, context: &Context) -> Result<Self, Error> {
        let root = context.crate_root();
        let mut units = Vec::new();
        let mut folders = Vec::new();
        for pattern in &kernels.cuda {
            for path in glob::expand(root, pattern)? {
                units.push(unit(root, &path, Language::Cuda));
            }
            folders.extend(folder_of_pattern(root, pattern));
        }
        for folder in &kernels.rust {
            let path = plain(&root.join(folder));
            let is_source = path.extension().is_some_and(|extension| extension == "rs") && path.is_file();
            if !is_source && !path.join("Cargo.toml").is_file() {
                return Err(Error::configuration(
                    format!(
                        "`{}` is neither a crate with a `Cargo.toml` nor a `.rs` file",
                        folder.display()
                    ),
                    "pass a crate directory or a crate's root file to `.rust(…)`, relative to the crate of the build \
                     script",
                ));
            }
            units.push(unit(root, &path, Language::Rust));
        }
        units.sort_by(|a, b| a.name.cmp(&b.name));
        units.dedup_by(|a, b| a.name == b.name);

        let mut flags = kernels.flags.clone();
        for flag in &flags {
            let bare = flag.trim_start_matches('-');
            let about_arch = [
                "arch",
                "gencode",
                "code",
                "gpu-architecture",
                "gpu-code",
                "generate-code",
            ]
            .iter()
            .any(|name| bare == *name || bare.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')));
            if about_arch {
                return Err(Error::configuration(
                    format!("the flag `{flag}` selects an architecture"),
                    "use `.arch([\"sm_80\"])` in build.rs, or the environment variable `CUDA_COMPUTE_CAP`, instead",
                ));
            }
        }
        for folder in &kernels.includes {
            let path = plain(&root.join(folder));
            if !path.is_dir() {
                return Err(Error::configuration(
                    format!("`{}` is not a directory", folder.display()),
                    "correct `.include(…)` in build.rs; paths are relative to the crate",
                ));
            }
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let text = if relative.as_os_str().is_empty() {
                Path::new(".")
            } else {
                relative
            };
            match text.to_str() {
                Some(text) => flags.push(format!("-I{}", text.replace('\\', "/"))),
                None => {
                    return Err(Error::configuration(
                        format!("the path `{}` is not valid Unicode", path.display()),
                        "rename the directory",
                    ));
                }
            }
            if path != root {
                folders.push(path);
            }
        }
        folders.sort();
        folders.dedup();
        Ok(Self {
            units,
            archs: archs(kernels, context)?,
            of_variable: variable(kernels, context).is_some(),
            flags,
            folders,
            rust_remedy: rust_remedy(kernels),
        })
    }
}

impl Plan {
    /// Whether a unit is written in this language.
    pub(crate) fn has(&self, language: Language) -> bool {
        self.units.iter().any(|unit| unit.language == language)
    }

    /// What is to be compiled, as a user calls it.
    pub(crate) fn languages(&self) -> &'static str {
        match (self.has(Language::Cuda), self.has(Language::Rust)) {
            (true, true) => "CUDA sources or Rust kernels",
            (false, true) => "Rust kernels",
            (_, false) => "CUDA sources",
        }
    }

    /// What gives a machine the compilers.
    pub(crate) fn remedy(&self) -> String {
        let cuda = "install a CUDA toolkit, or set `CUDA_HOME` to an existing one";
        match (self.has(Language::Cuda), self.has(Language::Rust)) {
            (true, true) => format!("{cuda}; and {}", self.rust_remedy),
            (false, true) => self.rust_remedy.to_owned(),
            (_, false) => cuda.to_owned(),
        }
    }
}

fn rust_remedy(kernels: &Kernels) -> &'static str {
    #[cfg(feature = "cuda-builder")]
    if kernels.cuda_builder.is_some() {
        return "pass a Rust-CUDA checkout to `.cuda_builder(…)` or set `GATE_CUDA_BUILDER`, and install the \
             toolchain that its `rust-toolchain.toml` pins";
    }
    #[cfg(not(feature = "cuda-builder"))]
    let _ = kernels;
    "`rustup target add nvptx64-nvidia-cuda`, or `rustup component add rust-src`"
}

fn unit(root: &Path, path: &Path, language: Language) -> Unit {
    let path = plain(path);
    Unit {
        name: UnitName::of(root, &path),
        path,
        language,
        crate_root: root.to_path_buf(),
    }
}

/// The folder in which a pattern may match a new file; not the crate itself, whose `target` changes all the time.
fn folder_of_pattern(root: &Path, pattern: &str) -> Option<PathBuf> {
    let normal = pattern.replace('\\', "/");
    let fixed = &normal[..normal.find(['*', '?'])?];
    let folder = plain(&root.join(&fixed[..fixed.rfind('/')?]));
    (folder != root && !root.starts_with(&folder)).then_some(folder)
}

/// The value of `CUDA_COMPUTE_CAP`, where it decides.
fn variable<'a>(kernels: &Kernels, context: &'a Context) -> Option<&'a OsStr> {
    context
        .env
        .variable("CUDA_COMPUTE_CAP")
        .filter(|_| !kernels.prefers_lock)
}

/// `CUDA_COMPUTE_CAP` goes before what build.rs says, as users of other helpers expect; a lock that is preferred has what it
/// has.
fn archs(kernels: &Kernels, context: &Context) -> Result<Vec<Arch>, Error> {
    let mut archs = kernels.archs.clone();
    if let Some(value) = variable(kernels, context) {
        let text = value.to_string_lossy();
        archs = text
            .split([',', ';', ' '])
            .filter(|part| !part.is_empty())
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|error| match error {
                Error::Configuration { message, .. } => Error::configuration(
                    format!("invalid value `{text}` for `CUDA_COMPUTE_CAP`: {message}"),
                    "set it to numbers like `80` or `80,90`",
                ),
                other => other,
            })?;
    }
    if archs.is_empty() {
        archs.push(Arch::DEFAULT);
    }
    archs.sort();
    archs.dedup();
    Ok(archs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watched_folder_of_a_pattern_is_below_the_crate() {
        let root = Path::new("/w/crate");
        for (pattern, folder) in [
            ("kernels/*.cu", Some("/w/crate/kernels")),
            ("a/b/**/*.cu", Some("/w/crate/a/b")),
            ("../shared/*.cu", Some("/w/shared")),
            ("*.cu", None),
            ("./*.cu", None),
            ("../*.cu", None),
            ("kernels/a.cu", None),
        ] {
            assert_eq!(folder_of_pattern(root, pattern), folder.map(PathBuf::from), "{pattern}");
        }
    }
}
