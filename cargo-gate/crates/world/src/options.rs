//! How a workspace is found and read.

use std::path::PathBuf;

use crate::environment::Environment;

/// How to find and read the workspace.
#[derive(Debug, Clone)]
pub struct Options {
    /// Directory to start from.
    pub cwd: PathBuf,
    /// `--manifest-path`.
    pub manifest_path: Option<PathBuf>,
    /// `--target-dir`.
    pub target_dir: Option<PathBuf>,
    /// `--offline`: no process may use the network.
    pub offline: bool,
    /// Environment variables, read once.
    pub environment: Environment,
}
