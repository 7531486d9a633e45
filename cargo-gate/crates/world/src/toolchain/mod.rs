//! The toolchain: what is pinned and what would be used.

mod file;
mod probe;
mod programs;

use std::path::Path;

use semver::Version;

pub use file::ToolchainFile;
pub use probe::{Probe, Rustc, Versions, parse_cargo, parse_rustc};
pub use programs::Programs;

/// Toolchain of the workspace.
#[derive(Debug, Clone)]
pub struct Toolchain {
    /// The toolchain file, if there is one at the root or above.
    pub file: Option<ToolchainFile>,
    /// `rustc -vV` of the compiler cargo would use; the message when it cannot be run.
    pub rustc: Result<Rustc, String>,
    /// Version of cargo.
    pub cargo: Version,
}

impl Toolchain {
    /// `top` is the top of the repository, or the root where there is none.
    pub fn new(root: &Path, top: &Path, versions: Versions) -> Self {
        Self {
            file: file::read(root, top),
            rustc: versions.rustc,
            cargo: versions.cargo,
        }
    }
}
