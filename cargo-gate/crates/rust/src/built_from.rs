//! What this crate is built from on this platform, for tests that read the sources of other packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{MetadataCommand, Package};

/// Every package of the build, this workspace's own included. Without the packages of other platforms: a machine that
/// has only built and tested has never downloaded those.
pub(crate) fn packages() -> Vec<Package> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let version = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let version = String::from_utf8_lossy(&version.stdout);
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.expect("rustc names its host");
    let options = ["--locked", "--offline", "--filter-platform", host].map(str::to_owned);
    MetadataCommand::new()
        .manifest_path(manifest)
        .other_options(options.to_vec())
        .exec()
        .expect("cargo metadata runs")
        .packages
}

/// Adds every `.rs` file below a directory.
pub(crate) fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
