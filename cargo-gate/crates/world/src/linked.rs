//! Links in the gate directory, which lead to what the gate did not write.

use std::fs;
use std::path::{Path, PathBuf};

/// Directories that hold evidence, relative to the gate directory: the gate makes no links in them.
const DIRECTORIES: [&str; 6] = ["", "marks", "runs", "store", "store/blobs", "store/evidence"];

/// The one link that the gate makes: the name of the latest run.
const LATEST: &str = "runs/latest";

/// The first link among the entries of these directories. The gate directory itself may be one, as may be what it is in: that
/// moves everything, and what git tracks there is found behind the link too.
pub(crate) fn first(gate_dir: &Path) -> Option<PathBuf> {
    let latest = gate_dir.join(LATEST);
    let entries = DIRECTORIES
        .iter()
        .filter_map(|directory| fs::read_dir(gate_dir.join(directory)).ok());
    let links = entries
        .flatten()
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()));
    links.map(|entry| entry.path()).filter(|path| *path != latest).min()
}
