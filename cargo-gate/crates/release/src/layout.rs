//! Names of the files and directories of a release.

use semver::Version;

/// Where releases are, below the gate directory.
pub(crate) const DIRECTORY: &str = "releases";
/// What is handed out, below the directory of a release.
pub(crate) const OUTPUT: &str = "dist";
/// SHA-256 of every artifact, as `sha256sum` prints it.
pub(crate) const CHECKSUMS: &str = "SHA256SUMS";
/// End of the name of the bill of materials.
pub(crate) const BILL: &str = ".cdx.json";
/// The lockfile that the bill of materials is compared with.
pub(crate) const LOCKFILE: &str = "Cargo.lock";
/// The decision of the run.
pub(crate) const DECISION: &str = "decision.json";

/// Name of the archive that cargo makes of a package.
pub(crate) fn package_archive(name: &str, version: &Version) -> String {
    format!("{name}-{version}.crate")
}
