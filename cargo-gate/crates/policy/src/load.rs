//! Finding and reading the policy file.

use std::path::Path;

use gate_base::error::Result;

use super::catalogue::Catalogue;
use super::model::Policy;
use super::read::{FILE_NAME, read, usage};
use super::validate::validate;

/// Reads the policy of the workspace at `root`, the register that it names and the known findings.
///
/// # Errors
/// Usage errors: those of [`load_without_register`], and the same about the other files.
pub fn load(root: &Path, explicit: Option<&Path>, catalogue: &Catalogue) -> Result<Policy> {
    let mut policy = load_without_register(root, explicit, catalogue)?;
    super::register::attach(root, &mut policy)?;
    super::known_file::attach(root, &mut policy, catalogue)?;
    Ok(policy)
}

/// Reads the policy of the workspace at `root`: `explicit` if given (relative to the current directory), else
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
    Ok(validate(&shown, &text, catalogue)?)
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
