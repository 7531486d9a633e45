//! Atomic writes of files that people own: a kill at any instant leaves the old file or the new one.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use tempfile::NamedTempFile;

use gate_base::atomic;
use gate_base::error::{Error, Result};

/// Whether a file that is there may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and writing is an error.
    Keep,
    /// It is replaced; its permissions are kept.
    Replace,
}

/// Writes `text` to `path`, creating the directories above it.
pub fn write_atomically(path: &Path, text: &str, existing: Existing) -> Result<()> {
    // A link is followed, so that the file it names changes and the link stays.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let directory = target
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let failed = |error: &std::io::Error| cannot_write(path, error);
    fs::create_dir_all(directory).map_err(|error| failed(&error))?;
    let permissions = fs::metadata(&target).ok().map(|metadata| metadata.permissions());
    let mut file = temporary(directory).map_err(|error| failed(&error))?;
    file.write_all(text.as_bytes())
        .and_then(|()| match permissions {
            Some(permissions) if existing == Existing::Replace => file.as_file().set_permissions(permissions),
            _ => Ok(()),
        })
        .and_then(|()| file.as_file().sync_all())
        .map_err(|error| failed(&error))?;
    match existing {
        Existing::Keep => file.persist_noclobber(&target).map(drop).map_err(|error| error.error),
        Existing::Replace => atomic::persist(file, &target),
    }
    .map_err(|error| failed(&error))?;
    // Makes the rename itself durable.
    atomic::sync_directory(directory).map_err(|error| failed(&error))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Error {
    let mut wrapped = Error::tool(format!("cannot write `{}`: {error}", path.display()));
    wrapped.path = Some(path.into());
    wrapped.with_help("make its directory writable, or free some disk space")
}

/// A temporary file with the permissions of an ordinary new one, not the private ones of temporary files.
#[cfg(unix)]
fn temporary(directory: &Path) -> std::io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt as _;
    tempfile::Builder::new()
        .prefix(".gate-")
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(directory)
}

#[cfg(not(unix))]
fn temporary(directory: &Path) -> std::io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(".gate-").tempfile_in(directory)
}
