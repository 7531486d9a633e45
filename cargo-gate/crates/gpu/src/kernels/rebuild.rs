//! Whether compilers make the locked PTX again: the record that `cargo gate kernels verify --rebuild` leaves behind.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use gate_base::atomic;
use gate_base::digest::Digest;
use gate_base::error::{Error, Result};
use gate_world::Workspace;

/// Version of the record.
const SCHEMA: u32 = 1;

/// What came of compiling the locked kernels again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rebuilt {
    /// Every image is byte for byte what is locked, after normalisation.
    Same,
    /// At least one is not.
    Different,
    /// They could not be compiled.
    Impossible,
}

/// The record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rebuild {
    schema_version: u32,
    /// Digest of the locks, the PTX files and the sources it is about.
    inputs: String,
    /// What came of it.
    pub rebuilt: Rebuilt,
    /// What cargo and the compilers said about it, where it was not the same.
    pub messages: Vec<String>,
}

/// Why there is no record to judge by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRecord {
    /// The locked kernels were never compiled again in this workspace.
    Never,
    /// A lock, a PTX file or a source changed since.
    Outdated,
    /// The record cannot be read.
    Unreadable,
}

impl Rebuild {
    /// A record about the workspace as it is; `None` when a file cannot be read.
    pub fn new(workspace: &Workspace, rebuilt: Rebuilt, messages: Vec<String>) -> Option<Self> {
        let inputs = inputs(workspace)?.to_string();
        Some(Self {
            schema_version: SCHEMA,
            inputs,
            rebuilt,
            messages,
        })
    }

    /// Writes the record.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, workspace: &Workspace) -> Result<()> {
        let path = path(workspace);
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(|error| Error::io("create", directory, &error))?;
        }
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::tool(format!("cannot write the record of a rebuild: {error}")))?;
        atomic::write(&path, &text)
    }

    /// The record about the workspace as it is.
    ///
    /// # Errors
    /// Why there is none.
    pub fn read(workspace: &Workspace) -> std::result::Result<Self, NoRecord> {
        let bytes = bytes(workspace).ok_or(NoRecord::Never)?;
        let record: Self = serde_json::from_slice(&bytes).map_err(|_| NoRecord::Unreadable)?;
        if record.schema_version != SCHEMA {
            return Err(NoRecord::Outdated);
        }
        match inputs(workspace) {
            Some(inputs) if inputs.to_string() == record.inputs => Ok(record),
            _ => Err(NoRecord::Outdated),
        }
    }
}

/// Bytes of the record, for the fingerprint of what reads it.
pub fn bytes(workspace: &Workspace) -> Option<Vec<u8>> {
    std::fs::read(path(workspace)).ok()
}

fn path(workspace: &Workspace) -> PathBuf {
    workspace.gate_dir().join("kernels").join("rebuild.json")
}

/// Digest of the locks and of the files they name; `None` when one cannot be read.
pub fn inputs(workspace: &Workspace) -> Option<Digest> {
    let paths = super::named_files(workspace)?;
    workspace.files().digest_of(|file| paths.contains(&file.path))
}
