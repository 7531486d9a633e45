//! Where packages stand in `Cargo.lock`, for tools that name packages and no places.

use gate_report::Location;
use gate_world::Workspace;
use gate_world::cargo::lock::Lock;

/// Lines of the packages of the lockfile.
pub(super) struct PackageLines(Lock);

impl PackageLines {
    pub(super) fn of(workspace: &Workspace) -> Self {
        Self::parse(workspace.lockfile().bytes.as_deref().unwrap_or_default())
    }

    pub(super) fn parse(bytes: &[u8]) -> Self {
        Self(Lock::parse(bytes).unwrap_or_default())
    }

    /// The line of a package; the whole file where it is not listed.
    pub(super) fn place(&self, name: &str, version: &str) -> Location {
        let mut named = self.0.named(name).iter();
        match named.find(|package| package.version.to_string() == version) {
            Some(package) => Location::line("Cargo.lock", package.line),
            None => Location::file("Cargo.lock"),
        }
    }
}
