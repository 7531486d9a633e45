//! Generated documentation: what the declarations in the code say, as files under `docs/` and as the header for C.
//!
//! Everything is generated in memory first; writing and checking differ only in what they do with it.

mod architecture;
mod checks;
mod command_line;
mod exit_codes;
mod files;
mod header;
mod policy_errors;
mod requirements;
mod schemas;
mod summary;
mod thresholds;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use cargo_gate::cli::explain;

use crate::{Result, imports};

use files::{CHECKS, Pages, SCHEMAS};

/// Writes what differs, removes pages of checks that are gone, and returns the paths it touched.
///
/// # Errors
/// A file cannot be read or written.
pub fn write(root: &Path) -> Result<Vec<String>> {
    let pages = generate(root)?;
    let touched = differences(root, &pages)?;
    for path in &touched {
        let file = root.join(path);
        match pages.get(path) {
            Some(text) => {
                if let Some(directory) = file.parent() {
                    fs::create_dir_all(directory)?;
                }
                fs::write(&file, text).map_err(|error| format!("cannot write `{path}`: {error}"))?;
            }
            None => fs::remove_file(&file).map_err(|error| format!("cannot remove `{path}`: {error}"))?,
        }
    }
    Ok(touched)
}

/// Paths of generated files that are not what the code says: changed, missing, or left over.
///
/// # Errors
/// A file cannot be read.
pub fn drift(root: &Path) -> Result<Vec<String>> {
    differences(root, &generate(root)?)
}

/// Fails when there is [`drift`].
///
/// # Errors
/// The message names every file that differs.
pub fn check(root: &Path) -> Result {
    let drift = drift(root)?;
    if drift.is_empty() {
        return Ok(());
    }
    let list = drift.join("\n  ");
    Err(format!("generated files differ, run `cargo xtask docs`:\n  {list}").into())
}

fn generate(root: &Path) -> Result<Pages> {
    let topics = explain::topics();
    let mut pages = checks::pages(&topics);
    pages.extend(schemas::files(&topics)?);
    pages.insert(
        "docs/src/reference/cli.md".into(),
        command_line::page(cargo_gate::cli::command()),
    );
    pages.insert(
        "cargo-gate/crates/checks/src/docs/own.txt".into(),
        command_line::table(cargo_gate::cli::command()),
    );
    pages.insert("docs/src/reference/exit-codes.md".into(), exit_codes::page());
    pages.insert(header::PATH.into(), header::text(root)?);
    pages.insert("docs/src/reference/policy-errors.md".into(), policy_errors::page());
    pages.insert("docs/src/reference/thresholds.md".into(), thresholds::page());
    pages.insert(
        requirements::PAGE.into(),
        requirements::page(&crate::requirements::Requirements::read(root)?),
    );
    pages.insert(
        architecture::PATH.into(),
        architecture::page(&read(root, architecture::PATH)?, &imports::packages(root)?)?,
    );
    pages.insert(
        summary::PATH.into(),
        summary::page(&read(root, summary::PATH)?, &topics)?,
    );
    Ok(pages)
}

fn differences(root: &Path, pages: &Pages) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    for (path, text) in pages {
        // A checkout with other line endings says the same.
        if read(root, path)?.replace("\r\n", "\n") != *text {
            paths.push(path.clone());
        }
    }
    for directory in [CHECKS, SCHEMAS] {
        for name in names(root, directory)? {
            let path = format!("{directory}/{name}");
            if !pages.contains_key(&path) {
                paths.push(path);
            }
        }
    }
    paths.sort();
    Ok(paths)
}

/// Text of a file, empty when there is none.
fn read(root: &Path, path: &str) -> Result<String> {
    match fs::read_to_string(root.join(path)) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(format!("cannot read `{path}`: {error}").into()),
    }
}

/// Names of the files of a directory, none when it does not exist.
fn names(root: &Path, directory: &str) -> Result<Vec<String>> {
    let entries = match fs::read_dir(root.join(directory)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("cannot read `{directory}`: {error}").into()),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}
