//! The project's own automation, as a library so that tests can hold the tree to it.

pub mod advisories;
pub mod authoring;
pub mod ci;
pub mod docs;
pub mod ergonomics;
pub mod imports;
pub mod notes;
pub mod picture;
pub mod refused;
pub mod registry;
pub mod requirements;
pub mod site;
pub mod usability;

use std::path::{Path, PathBuf};

/// What went wrong, worded for the developer who ran the command.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Result of a command of the project.
pub type Result<T = ()> = std::result::Result<T, Error>;

/// Directory of the workspace's root manifest.
pub fn project_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}
