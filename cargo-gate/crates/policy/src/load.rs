//! Finding and reading the policy file.

use std::path::{Path, PathBuf};

use gate_base::error::Result;
use gate_base::paths;

use super::catalogue::Catalogue;
use super::extends::{Place, from_disk};
use super::model::Policy;
use super::position::PolicyFile;
use super::read::{FILE_NAME, read, usage};
use super::validate::validate_at;

/// Reads the policy of the workspace at `root`, the register that it names and the known findings.
///
/// # Errors
/// Usage errors: those of [`load_without_register`], and the same about the other files.
pub fn load(root: &Path, explicit: Option<&Path>, catalogue: &Catalogue) -> Result<Policy> {
    let mut policy = load_without_register(root, explicit, catalogue)?;
    super::register::attach(root, &mut policy)?;
    let items = policy.register.as_ref().map_or(&[][..], |register| &register.items);
    super::equivalence::attach(&mut policy.suites, items);
    super::known_file::attach(root, &mut policy, catalogue)?;
    Ok(policy)
}

/// Reads the policy of the workspace at `root`, with what it extends: `explicit` if given (relative to the current directory), else
/// `gate.toml` in the root, else the defaults.
///
/// # Errors
/// Usage errors: an explicit file that is not there, a file that cannot be read, is not a regular file, is larger than
/// 1 MiB or is not UTF-8, and every error of its content in [`Error::rendered`](gate_base::error::Error::rendered).
pub fn load_without_register(root: &Path, explicit: Option<&Path>, catalogue: &Catalogue) -> Result<Policy> {
    let default = root.join(FILE_NAME);
    let path = explicit.unwrap_or(&default);
    let shown = shown_path(root, path);
    let Some(text) = read(path, &shown)? else {
        if explicit.is_none() {
            return Ok(Policy::default());
        }
        return Err(usage(path, format!("policy file `{shown}` does not exist"))
            .with_help("pass an existing file, or create one with `cargo gate init`"));
    };
    let file = absolute(root, path);
    let place = Place { root, file: &file };
    Ok(validate_at(
        PolicyFile::new(shown, text),
        place,
        &mut from_disk,
        catalogue,
    )?)
}

/// Where a policy lies, spelled as the root is: what it extends is looked for from there.
fn absolute(root: &Path, path: &Path) -> PathBuf {
    if path.starts_with(root) {
        return path.to_owned();
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (Some(directory), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        return absolute;
    };
    // Canonical paths on Windows have a spelling that roots do not have.
    let real = if cfg!(unix) {
        std::fs::canonicalize(directory).ok()
    } else {
        None
    };
    real.map_or_else(|| paths::normalize(&absolute), |directory| directory.join(name))
}

/// The path as messages show it: relative to the root where it lies below it, `/`-separated.
fn shown_path(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path).to_string_lossy();
    if std::path::MAIN_SEPARATOR == '\\' {
        relative.replace('\\', "/")
    } else {
        relative.into_owned()
    }
}
