//! What a compilation of Rust has read.

use std::fs;
use std::path::{Path, PathBuf};

use crate::compiler::Setting;
use crate::deps;
use crate::diagnostic::{Diagnostic, Id};
use crate::unit::Unit;

/// Every file that was read for a unit: those of a dependency file in the format of make, and for a crate its manifest and
/// lock file.
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
    let mut files: Vec<PathBuf> = listed.into_iter().map(PathBuf::from).collect();
    if unit.path.is_dir() {
        files.push(unit.path.join("Cargo.toml"));
        files.extend(lock_file(&unit.path));
    }
    Ok(setting.absolute(files))
}

/// The lock that cargo uses for the crate in `folder`: its own, or that of the workspace around it.
pub(super) fn lock_file(folder: &Path) -> Option<PathBuf> {
    folder
        .ancestors()
        .map(|folder| folder.join("Cargo.lock"))
        .find(|file| file.is_file())
}
