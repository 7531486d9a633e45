//! The directory below the target directory that holds everything that `cargo gate` writes, and the records in it.

use std::path::Path;

use gate_base::error::{Error, Result};
use gate_base::{atomic, record};
use serde::Serialize;

/// Replaces a record in the gate directory in one step.
///
/// # Errors
/// I/O errors; the old record stays.
pub fn write<T: Serialize>(gate_dir: &Path, name: &str, version: u32, value: &T) -> Result<()> {
    create_gate_dir(gate_dir)?;
    record::write(&gate_dir.join(name), version, value)
}

/// Creates the gate directory. Where the target directory is not marked as a cache (cargo marks those it creates), the gate
/// directory is, so that backup tools leave it out.
///
/// # Errors
/// I/O errors, among them a read-only target directory.
pub fn create_gate_dir(gate_dir: &Path) -> Result<()> {
    // The first line is fixed by https://bford.info/cachedir/.
    const TEXT: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55\n# This file is a cache directory tag created \
         by cargo gate.\n# For information about cache directory tags see https://bford.info/cachedir/\n";
    const NAME: &str = "CACHEDIR.TAG";
    let tag = gate_dir.join(NAME);
    if tag.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(gate_dir).map_err(|error| Error::io("write to", gate_dir, &error))?;
    match gate_dir.parent() {
        Some(target) if target.join(NAME).exists() => Ok(()),
        _ => atomic::write_unsynced(&tag, TEXT),
    }
}
