//! One gate at a time per target directory: an advisory lock that the operating system releases when the process ends,
//! however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gate_base::atomic;
use gate_base::error::{Error, ErrorKind, Result};
use gate_base::process::cancel::Cancel;
use gate_world::cache;

/// File below the gate directory that carries the lock; its contents mean nothing.
const LOCK_FILE: &str = ".lock";
/// How often a waiting gate looks again; short enough to feel immediate, long enough to cost nothing.
const POLL: Duration = Duration::from_millis(25);

/// Creates the gate directory below a target directory and returns it. Where the target directory is not tagged as a
/// cache (cargo tags those it creates), the gate directory is, so that backups leave it out.
///
/// # Errors
/// The directory cannot be created, a read-only target directory among the reasons.
pub fn prepare(target_dir: &Path) -> Result<PathBuf> {
    let gate_dir = target_dir.join("gate");
    cache::create_gate_dir(&gate_dir).map_err(with_remedy)?;
    Ok(gate_dir)
}

/// The lock on a gate directory; released when dropped.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct Lock {
    /// `None` where the file system knows no locks; then, as with cargo, there is no protection and no failure.
    file: Option<File>,
}

impl Lock {
    /// Takes the lock. When another gate holds it, `on_wait` is called once and the lock is waited for.
    ///
    /// # Errors
    /// The lock file cannot be opened (a read-only target directory), or the user interrupts the wait.
    pub fn acquire(gate_dir: &Path, cancel: &Cancel, on_wait: impl FnOnce()) -> Result<Self> {
        let path = gate_dir.join(LOCK_FILE);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|error| unusable(&path, &error))?;
        let mut on_wait = Some(on_wait);
        loop {
            match file.try_lock() {
                Ok(()) => {
                    // Until what a killed gate started has ended, its directory is not free.
                    #[cfg(unix)]
                    gate_base::process::watch::hold_lock(file.try_clone().ok());
                    return Ok(Self { file: Some(file) });
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) if atomic::is_unsupported(&error) => {
                    return Ok(Self { file: None });
                }
                Err(TryLockError::Error(error)) => return Err(Error::io("lock", path, &error)),
            }
            if let Some(on_wait) = on_wait.take() {
                on_wait();
            }
            if cancel.requested() {
                return Err(Error::new(
                    ErrorKind::Interrupted,
                    "interrupted while waiting for file lock on the gate directory",
                ));
            }
            std::thread::sleep(POLL);
        }
    }
}

fn unusable(path: &Path, error: &io::Error) -> Error {
    with_remedy(Error::io("write to", path, error))
}

fn with_remedy(error: Error) -> Error {
    error.with_help("choose a writable directory with `--target-dir`")
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The watchers of what this process starts from now on do not hold it.
        #[cfg(unix)]
        if self.file.is_some() {
            gate_base::process::watch::hold_lock(None);
        }
        // Explicit, because a duplicate of the descriptor may still be open for a moment.
        if let Some(file) = &self.file {
            let _ = file.unlock();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn tags_the_gate_directory_only_where_nothing_above_is_tagged() {
        let dir = tempfile::tempdir().unwrap();
        let bare = dir.path().join("bare");
        assert!(prepare(&bare).unwrap().join("CACHEDIR.TAG").exists());
        assert!(!bare.join("CACHEDIR.TAG").exists());

        let tagged = dir.path().join("tagged");
        fs::create_dir(&tagged).unwrap();
        fs::write(tagged.join("CACHEDIR.TAG"), "").unwrap();
        assert!(!prepare(&tagged).unwrap().join("CACHEDIR.TAG").exists());
    }

    #[test]
    fn a_second_gate_waits_until_the_first_is_done() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::acquire(dir.path(), &Cancel::default(), || panic!("nobody holds it")).unwrap();
        let mut first = Some(first);
        // The first gate ends while the second is about to wait, so the test needs no second thread and no clock.
        let second = Lock::acquire(dir.path(), &Cancel::default(), || drop(first.take())).unwrap();
        assert!(second.file.is_some());
        assert!(first.is_none());
    }

    #[test]
    fn waiting_can_be_interrupted() {
        let dir = tempfile::tempdir().unwrap();
        let _held = Lock::acquire(dir.path(), &Cancel::default(), || {}).unwrap();
        let cancel = Cancel::default();
        let error = Lock::acquire(dir.path(), &cancel.clone(), || cancel.request()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Interrupted);
    }

    #[test]
    fn an_unusable_target_directory_is_a_clear_error() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target");
        fs::write(&target, "a file where a directory should be").unwrap();
        let error = prepare(&target).unwrap_err();
        assert_eq!(error.exit_code(), gate_base::exit::TOOL_FAILED);
        assert!(error.help.unwrap().contains("--target-dir"));
        assert!(error.path.unwrap().ends_with("gate"));
    }
}
