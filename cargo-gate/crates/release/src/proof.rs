//! Proof that an artifact was built from what was judged: a release of this machine has it in its receipt.

use std::path::Path;

use gate_base::digest::sha256_hex;

use crate::files::{Recorded, read};
use crate::journal;
use crate::receipt::Receipt;

/// An artifact that a release made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Produced {
    /// The release, as name and version.
    pub release: String,
    /// The artifact.
    pub file: Recorded,
    /// Digest of the content that it was built from.
    pub content: String,
    /// Path of the artifact.
    pub path: std::path::PathBuf,
}

/// Every artifact that releases below the gate directory made, where journal and receipt are what they were.
pub fn produced(gate_dir: &Path) -> Vec<Produced> {
    let mut found = Vec::new();
    for (directory, subject, recorded) in journal::finished(gate_dir) {
        let Ok(bytes) = read(&directory.join(&recorded.path)) else {
            continue;
        };
        if sha256_hex(&bytes) != recorded.sha256 {
            continue;
        }
        let Ok(receipt) = serde_json::from_slice::<Receipt>(&bytes) else {
            continue;
        };
        found.extend(receipt.files.into_iter().map(|file| Produced {
            release: format!("{} {}", subject.name, subject.version),
            path: directory.join(crate::layout::OUTPUT).join(&file.path),
            file,
            content: subject.content.clone(),
        }));
    }
    found
}
