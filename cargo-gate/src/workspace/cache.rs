//! Records of what the world said, below the gate directory, which is marked as a cache.

use std::path::Path;

use serde::Serialize;

use crate::base::atomic;
use crate::base::error::{Error, Result};
use crate::base::record;

pub use crate::base::record::read;

/// Replaces a record of the gate directory.
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
    const TEXT: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55\n\
        # This file marks a directory of `cargo gate` that can be made again.\n\
        # For information about cache directory tags see https://bford.info/cachedir/\n";
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
