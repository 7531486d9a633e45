//! The manifest of a bundle, which is a run directory without what must not be handed on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use gate_report::Tool;

use super::format::{
    AUDIT, DECISION, ENVIRONMENT, HASHES, MANIFEST as RUN_MANIFEST, REDACTION, REPORT_JSON, REPORT_MARKDOWN, canonical,
};

/// An archive that unpacks to more than this is refused.
pub(crate) const MAX_UNPACKED: u64 = 1 << 30;

/// Files without which nobody could verify a run. They cannot stay behind.
pub(crate) const NEEDED: [&str; 8] = [
    RUN_MANIFEST,
    DECISION,
    ENVIRONMENT,
    AUDIT,
    HASHES,
    REDACTION,
    REPORT_JSON,
    REPORT_MARKDOWN,
];

/// Version of [`BundleManifest`]; raised when a field is removed or changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// Its file name.
pub(crate) const MANIFEST: &str = "bundle.json";

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

impl BundleManifest {
    /// Reads `bundle.json`.
    ///
    /// # Errors
    /// Why the bytes are not a manifest, continuing "the bundle ".
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let manifest: Self =
            serde_json::from_slice(bytes).map_err(|error| format!("has an invalid `{MANIFEST}`: {error}"))?;
        if manifest.schema_version != SCHEMA_VERSION {
            return Err(format!(
                "has version {}, but this cargo-gate supports {SCHEMA_VERSION}",
                manifest.schema_version
            ));
        }
        if canonical(&manifest).ok().as_deref() != Some(bytes) {
            return Err(format!("has a `{MANIFEST}` that is not in canonical form"));
        }
        Ok(manifest)
    }

    /// The manifest of a bundle that somebody unpacked to this directory; `None` if it is missing or malformed.
    pub(crate) fn unpacked(directory: &Path) -> Option<Self> {
        Self::parse(&fs::read(directory.join(MANIFEST)).ok()?).ok()
    }
}

/// Why a file stayed behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Its ending is not that of a document.
    NoDocument,
    /// It is no UTF-8 text, or holds NUL characters.
    Binary,
    /// It is larger than 16 MiB.
    TooLarge,
    /// A secret is in it.
    Secret,
    /// No hash of the run covers it.
    NotOfTheRun,
}

impl Why {
    /// In words, continuing "it ".
    pub fn words(self) -> &'static str {
        match self {
            Why::NoDocument => "is not a document",
            Why::Binary => "is binary",
            Why::TooLarge => "is larger than 16 MiB",
            Why::Secret => "contains a secret",
            Why::NotOfTheRun => "is not part of the run",
        }
    }
}
