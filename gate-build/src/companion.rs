//! C and C++ for the CPU, beside kernels.

use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Id};
use crate::error::Error;
use crate::glob;
use crate::kernels::Kernels;
use crate::pipeline::Context;

/// What is to be compiled.
pub(crate) struct Companions {
    files: Vec<PathBuf>,
    includes: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

/// Looks for the sources.
///
/// # Errors
/// A pattern matches nothing.
pub(crate) fn plan(kernels: &Kernels, context: &Context) -> Result<Companions, Error> {
    let root = context.crate_root();
    let mut files = Vec::new();
    for pattern in &kernels.companions {
        files.extend(glob::expand(root, pattern)?);
    }
    files.sort();
    files.dedup();
    let includes: Vec<PathBuf> = kernels.includes.iter().map(|folder| root.join(folder)).collect();
    let mut folders: Vec<PathBuf> = files
        .iter()
        .filter_map(|file| file.parent().map(Path::to_path_buf))
        .chain(includes.iter().cloned())
        .filter(|folder| folder != root && folder.is_dir())
        .collect();
    folders.sort();
    folders.dedup();
    Ok(Companions {
        files,
        includes,
        folders,
    })
}

impl Companions {
    /// Compiles and tells cargo what to link. Returns further lines for cargo.
    ///
    /// # Errors
    /// There is no compiler for the target, or it refuses a source.
    pub(crate) fn compile(self) -> Result<Vec<String>, Error> {
        let (c, cpp): (Vec<PathBuf>, Vec<PathBuf>) = self
            .files
            .iter()
            .cloned()
            .partition(|file| file.extension().is_some_and(|extension| extension == "c"));
        for (files, is_cpp, name) in [(c, false, "gate_companion_c"), (cpp, true, "gate_companion_cpp")] {
            if files.is_empty() {
                continue;
            }
            cc::Build::new()
                .cpp(is_cpp)
                .files(files)
                .includes(&self.includes)
                .try_compile(name)
                .map_err(|error| {
                    Error::Kernels(vec![
                        Diagnostic::error(
                            Id::CompanionFailed,
                            format!("cannot compile the CPU companions: {error}"),
                        )
                        .help("install a C++ compiler for the target, or set `CXX` and `CC`"),
                    ])
                })?;
        }
        let watched = self.files.iter().chain(&self.folders);
        Ok(watched
            .filter_map(|path| path.to_str())
            .map(|path| format!("cargo::rerun-if-changed={path}"))
            .collect())
    }
}
