//! Where NVRTC's front end writes the text that it hands out.
//!
//! It writes every line by itself, empty ones too: for each source some ten thousand writes, which cost as much as
//! preprocessing where the file lies on a disk. On Linux it is one in memory, which has no name and is gone with the process.
#![cfg_attr(target_os = "linux", expect(unsafe_code, reason = "a C function is called"))]

use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// A file for one run of the front end.
pub(super) struct Spool {
    path: PathBuf,
    /// Its name is a number of this process, valid as long as this is open.
    _memory: Option<File>,
}

impl Spool {
    /// A file in memory, or this one where the system has none.
    pub(super) fn new(other: &Path) -> Self {
        match in_memory() {
            Some((path, file)) => Self {
                path,
                _memory: Some(file),
            },
            None => Self {
                path: other.to_path_buf(),
                _memory: None,
            },
        }
    }

    /// For the front end, which opens it by this name.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What was written; `None` when nothing was.
    pub(super) fn read(self) -> Option<Vec<u8>> {
        fs::read(&self.path).ok().filter(|bytes| !bytes.is_empty())
    }
}

#[cfg(target_os = "linux")]
fn in_memory() -> Option<(PathBuf, File)> {
    use std::ffi::{c_char, c_int, c_uint};
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

    use libloading::os::unix::Library;

    /// `MFD_CLOEXEC` of `linux/memfd.h`: programs that are started do not get it.
    const CLOSED_BY_EXEC: c_uint = 1;

    let process = Library::this();
    // SAFETY: the type is that of `memfd_create(2)`; C libraries have the function since 2018, and older ones give no symbol.
    let create =
        unsafe { process.get::<unsafe extern "C" fn(*const c_char, c_uint) -> c_int>(b"memfd_create\0") }.ok()?;
    // SAFETY: the name ends with zero and outlives the call.
    let number = unsafe { create(c"preprocessed".as_ptr(), CLOSED_BY_EXEC) };
    if number < 0 {
        return None;
    }
    // SAFETY: the call above opened this number for this caller alone.
    let file = File::from(unsafe { OwnedFd::from_raw_fd(number) });
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    // Without `/proc` it has no name.
    path.exists().then_some((path, file))
}

#[cfg(not(target_os = "linux"))]
fn in_memory() -> Option<(PathBuf, File)> {
    None
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::Spool;

    #[test]
    fn what_is_written_by_name_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("out.ii");
        let (one, two) = (Spool::new(&other), Spool::new(&folder.path().join("two.ii")));
        let mut file = fs::File::create(one.path()).unwrap();
        file.write_all(b"int x;\n").unwrap();
        file.write_all(b"\n").unwrap();
        drop(file);
        assert_eq!(one.read().unwrap(), b"int x;\n\n");
        assert!(two.read().is_none());
        // Where a file in memory has a name, none is on the disk.
        assert_eq!(other.exists(), !cfg!(target_os = "linux"));
    }

    #[test]
    fn without_memory_it_is_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.ii");
        let spool = Spool {
            path: path.clone(),
            _memory: None,
        };
        fs::write(spool.path(), "x").unwrap();
        assert_eq!(spool.read().unwrap(), b"x");
    }
}
