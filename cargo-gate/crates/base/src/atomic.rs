//! Atomic files: a reader sees the old bytes or the new ones, never a mixture and never a part.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::{Builder, NamedTempFile};

use crate::error::{Error, Result};

/// Prefix of everything that is not finished yet. What still has it after a crash is rubbish.
pub const TEMPORARY_PREFIX: &str = ".tmp-";

/// Writes a file so that it survives a power failure: a temporary file beside it, fsync, rename, and on Unix fsync of
/// the directory. Missing parent directories are created.
///
/// # Errors
/// I/O errors, a full disk among them; then the old file is untouched and nothing new is visible.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_with(path, bytes, true).map_err(|error| Error::io("write", path, &error))
}

/// Like [`write()`] without waiting for the disk: for files whose reader recognises torn contents by a checksum and can
/// do without them. After a power failure the file may be damaged; after a kill it is old or new.
///
/// # Errors
/// I/O errors; nothing new is visible then.
pub fn write_unsynced(path: &Path, bytes: &[u8]) -> Result<()> {
    write_with(path, bytes, false).map_err(|error| Error::io("write", path, &error))
}

fn write_with(path: &Path, bytes: &[u8], durable: bool) -> io::Result<()> {
    let directory = parent(path);
    let mut file = match temporary_in(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(directory)?;
            temporary_in(directory)?
        }
        other => other?,
    };
    file.write_all(bytes)?;
    if durable {
        file.as_file().sync_all()?;
    }
    persist(file, path)?;
    if durable {
        sync_directory(directory)?;
    }
    Ok(())
}

/// Writes a file that people read and git tracks; one that holds these bytes already is left alone.
///
/// # Errors
/// I/O errors.
pub fn write_tracked(path: &Path, bytes: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let failed = |error: &io::Error| Error::io("write", path, error);
    let directory = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory).map_err(|error| failed(&error))?;
    let mut file = NamedTempFile::new_in(directory).map_err(|error| failed(&error))?;
    readable_by_all(file.as_file()).map_err(|error| failed(&error))?;
    file.write_all(bytes).map_err(|error| failed(&error))?;
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    persist(file, path).map_err(|error| failed(&error))
}

/// Temporary files are private to the user; a tracked file is not.
fn readable_by_all(file: &File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    let _ = file;
    Ok(())
}

/// A temporary file with ordinary permissions (the default would lock other users, such as a CI uploader, out).
pub fn temporary_in(directory: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(TEMPORARY_PREFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory)
}

/// Gives a finished temporary file its name, in place of what has it.
#[cfg(not(windows))]
pub fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.persist(path).map(drop).map_err(|refused| refused.error)
}

/// Gives a finished temporary file its name, in place of what has it. The rename of the standard library replaces a file that
/// somebody reads, where the file system can do that; the one of temporary files never does.
#[cfg(windows)]
pub fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    let (file, temporary) = file.keep().map_err(|refused| refused.error)?;
    drop(file);
    rename(&temporary, path).inspect_err(|_| drop(fs::remove_file(&temporary)))
}

/// Renames a file or directory.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    patiently(|| fs::rename(from, to))
}

/// Windows refuses to rename while another process has the file, or one below the directory, open: a reader, another
/// writer of the same file, a virus scanner. All of them are done within moments. Waits for a second at most.
fn patiently(mut attempt: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    const SHARING_VIOLATION: i32 = 32;
    let mut pause = Duration::from_millis(1);
    loop {
        match attempt() {
            Err(error)
                if cfg!(windows)
                    && pause < Duration::from_secs(1)
                    && (error.kind() == io::ErrorKind::PermissionDenied
                        || error.raw_os_error() == Some(SHARING_VIOLATION)) =>
            {
                std::thread::sleep(pause);
                pause *= 2;
            }
            other => return other,
        }
    }
}

/// Makes renames and creations inside a directory durable. Windows has no such call and orders them itself.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) {
        match File::open(directory)?.sync_all() {
            // Some network and overlay file systems cannot sync directories; they order renames themselves.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput || is_unsupported(&error) => Ok(()),
            other => other,
        }
    } else {
        Ok(())
    }
}

/// Whether the file system lacks an operation. macOS says so with ENOTSUP, which the standard library gives no kind.
pub fn is_unsupported(error: &io::Error) -> bool {
    const MACOS_ENOTSUP: i32 = 45;
    error.kind() == io::ErrorKind::Unsupported
        || (cfg!(target_vendor = "apple") && error.raw_os_error() == Some(MACOS_ENOTSUP))
}

/// Replaces a symbolic link (Unix), or a text file that holds the name (elsewhere), in one step.
pub fn point(link: &Path, target: &str) -> Result<()> {
    let failed = |error: &io::Error| Error::io("write", link, error);
    if cfg!(unix) {
        let mut name = OsString::from(TEMPORARY_PREFIX);
        name.push(link.file_name().unwrap_or_default());
        let temporary: PathBuf = parent(link).join(name);
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&error)),
            _ => {}
        }
        symlink(target, &temporary).map_err(|error| failed(&error))?;
        fs::rename(&temporary, link).map_err(|error| failed(&error))
    } else {
        write_unsynced(link, format!("{target}\n").as_bytes())
    }
}

#[cfg(unix)]
fn symlink(target: &str, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn symlink(_: &str, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_a_file_and_leaves_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/file");
        write(&path, b"old").unwrap();
        write_unsynced(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_leaves_the_old_state() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("occupied");
        fs::create_dir(&path).unwrap();
        let error = write(&path, b"x").unwrap_err();
        assert_eq!(error.path.as_deref(), Some(path.as_path()));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_pointer_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("latest");
        point(&link, "one").unwrap();
        point(&link, "two").unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        if cfg!(unix) {
            assert_eq!(fs::read_link(&link).unwrap(), Path::new("two"));
        } else {
            assert_eq!(fs::read_to_string(&link).unwrap(), "two\n");
        }
    }
}
