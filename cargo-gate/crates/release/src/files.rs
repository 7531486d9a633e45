//! Files of a release: their records, and directories read in one order.

use std::fs;
use std::path::Path;

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};

/// A file with its size and digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// Path below the directory that holds it, `/`-separated.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

impl Recorded {
    /// Reads a file below a directory.
    pub(crate) fn of(directory: &Path, path: &str) -> Result<Self> {
        let bytes = read(&directory.join(path))?;
        Ok(Self {
            path: path.to_owned(),
            size: bytes.len() as u64,
            sha256: sha256_hex(&bytes),
        })
    }

    /// Whether the file still is what was recorded.
    pub(crate) fn holds(&self, directory: &Path) -> bool {
        Self::of(directory, &self.path).is_ok_and(|now| now == *self)
    }
}

/// All files of a directory, sorted by path.
pub(crate) fn recorded(directory: &Path) -> Result<Vec<Recorded>> {
    names(directory)?
        .iter()
        .map(|name| Recorded::of(directory, name))
        .collect()
}

/// Names of the files directly in a directory, sorted; anything else in it is named with a final `/`.
pub(crate) fn names(directory: &Path) -> Result<Vec<String>> {
    let failed = |error: &std::io::Error| Error::io("read", directory, error);
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| failed(&error))? {
        let entry = entry.map_err(|error| failed(&error))?;
        let kind = entry.file_type().map_err(|error| failed(&error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        names.push(if kind.is_file() { name } else { format!("{name}/") });
    }
    names.sort();
    Ok(names)
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| Error::io("read", path, &error))
}

/// An empty directory.
pub(crate) fn emptied(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::io("remove", directory, &error));
        }
        _ => {}
    }
    fs::create_dir_all(directory).map_err(|error| Error::io("create", directory, &error))
}

/// JSON in one form: fields in the order of their types, two spaces of indentation, a final line feed.
pub(crate) fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes =
        serde_json::to_vec_pretty(value).map_err(|error| Error::tool(format!("cannot write JSON: {error}")))?;
    bytes.push(b'\n');
    Ok(bytes)
}
