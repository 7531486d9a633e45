//! Writes files so that a reader, or a build that is killed, never sees half of one; lists folders.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// Prefix of files that are being written; what a killed build leaves behind has it.
pub(crate) const UNFINISHED: &str = ".unfinished-";

/// A name beside `file` that no other process or thread uses.
pub(crate) fn unfinished(file: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // A container's first process has the same id as another's: the time tells them apart.
    let time = SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos());
    file.with_file_name(format!("{UNFINISHED}{}-{time}-{number}", std::process::id()))
}

/// Writes all of `bytes` to `file` or leaves it as it was; creates its folder.
///
/// # Errors
/// As the operating system says.
pub(crate) fn write_atomically(file: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let unfinished = unfinished(file);
    let result = fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, file));
    if result.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    result
}

/// Writes `bytes` to `file` unless they are there already: what did not change keeps its time, so that nothing that
/// depends on it is built again.
///
/// # Errors
/// As the operating system says.
pub(crate) fn write_if_changed(file: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::read(file) {
        Ok(there) if there == bytes => Ok(()),
        _ => write_atomically(file, bytes),
    }
}

/// Every file below a folder: when it was last changed, its length and its path.
pub(crate) fn files_below(folder: &Path, entries: &mut Vec<(SystemTime, u64, PathBuf)>) {
    let Ok(listing) = fs::read_dir(folder) else { return };
    for entry in listing.flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            files_below(&entry.path(), entries);
        } else if let Ok(used) = metadata.modified() {
            entries.push((used, metadata.len(), entry.path()));
        }
    }
}
