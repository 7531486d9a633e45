//! Bundles: what of a run may be handed on, in one file that can be verified without anything else.
//!
//! A bundle is a gzip-compressed tar archive. All of its entries lie below a directory with the id of the run:
//! `bundle.json` first, which is the [`BundleManifest`], then files of the run by name. What goes in is decided by rule and
//! not by name: documents that are text, without a secret in them. Data and binaries stay behind, and the manifest says
//! which, with the hash that the run has for them. The same run makes the same bytes.

mod read;
mod rule;
mod write;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use gate_report::Tool;

pub(super) use read::unpacked;
pub use read::{Unpacked, parse, verify};
pub use rule::Why;
pub use write::{Bundle, make};

/// Version of [`BundleManifest`]; raised when a field is removed or changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

const MANIFEST: &str = "bundle.json";

/// Contents of `bundle.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleManifest {
    /// Version of this file.
    pub schema_version: u32,
    /// Id of the run.
    pub run_id: String,
    /// Chain hash of the run.
    pub chain: String,
    /// The tool that made the bundle.
    pub tool: Tool,
    /// The other files of the bundle by path inside the run directory.
    pub files: BTreeMap<String, Bundled>,
    /// Files of the run that stayed behind, sorted by path.
    pub excluded: Vec<Excluded>,
}

/// A file that is in the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundled {
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Size in bytes.
    pub size: u64,
}

/// A file that stayed behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excluded {
    /// Path inside the run directory.
    pub path: String,
    /// Why.
    pub why: Why,
    /// SHA-256 as `hashes.json` has it; absent for a file that is not part of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

#[cfg(test)]
mod tests;
