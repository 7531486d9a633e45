//! Names of the files and directories of a release.

use semver::Version;

use crate::receipt;

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

/// Whether the steps after the comparison make a file of this name.
pub(crate) fn is_added(name: &str) -> bool {
    let fixed = [CHECKSUMS, LOCKFILE, DECISION, receipt::FILE];
    fixed.contains(&name) || name.ends_with(BILL) || name.ends_with("-licences.tar.gz") || is_statement(name)
}

pub(crate) fn is_statement(name: &str) -> bool {
    name.ends_with(".dsse.json") || name.ends_with(".intoto.json")
}
