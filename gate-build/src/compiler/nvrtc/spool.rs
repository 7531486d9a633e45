//! Where NVRTC's front end writes the text that it hands out.
//!
//! It writes every line by itself, empty ones too: for each source some ten thousand writes. It takes only a regular file,
//! no pipe. On Linux it is one in memory, which has no name and is gone with the process; editing a comment of a header of
//! ten kernels took 3 to 6 % longer with files on a local disk, and a disk may be a network's. In containers
//! that memory is often bounded by 64 MiB: when it is full, NVRTC says so, and the file is on the disk.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// A file for one run of the front end.
pub(super) struct Spool {
    path: PathBuf,
    /// Its name is a number of this process, valid as long as this is open.
    memory: Option<File>,
}

impl Spool {
    /// A file in memory, or this one where the system has none.
    pub(super) fn new(other: &Path) -> Self {
        match in_memory() {
            Some((path, file)) => Self {
                path,
                memory: Some(file),
            },
            None => Self::on_disk(other),
        }
    }

    /// This file.
    pub(super) fn on_disk(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            memory: None,
        }
    }

    /// For the front end, which opens it by this name.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is one in memory that could not be written, by what the front end said.
    pub(super) fn is_full(&self, log: &str) -> bool {
        self.memory.is_some() && is_cut(log)
    }

    /// What was written; `None` when nothing was.
    pub(super) fn read(self) -> Option<Vec<u8>> {
        fs::read(&self.path).ok().filter(|bytes| !bytes.is_empty())
    }
}

/// Whether the front end says that it could not write everything.
pub(super) fn is_cut(log: &str) -> bool {
    log.contains("error while writing")
}

#[cfg(target_os = "linux")]
fn in_memory() -> Option<(PathBuf, File)> {
    use std::hash::{BuildHasher as _, Hasher as _, RandomState};
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    // A file system in memory, which C libraries ask for; everybody may write there and nobody else may read this.
    let name = format!(
        "/dev/shm/gate-build-{:016x}",
        RandomState::new().build_hasher().finish()
    );
    let file = File::options().write(true).create_new(true).mode(0o600).open(&name);
    let file = file.ok()?;
    fs::remove_file(&name).ok()?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    // Without `/proc` it has no name any more.
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
        let in_memory = one.memory.is_some();
        let mut file = fs::File::create(one.path()).unwrap();
        file.write_all(b"int x;\n").unwrap();
        file.write_all(b"\n").unwrap();
        drop(file);
        assert_eq!(one.read().unwrap(), b"int x;\n\n");
        assert!(two.read().is_none());
        // Where a file in memory has a name, none is on the disk.
        assert_eq!(other.exists(), !in_memory);
    }

    /// NVRTC reads what is not regular as a mistake of its caller, and wants to open it itself.
    #[cfg(target_os = "linux")]
    #[test]
    fn in_memory_it_is_a_regular_file_without_a_name() {
        let (path, file) = super::in_memory().unwrap();
        assert!(fs::metadata(&path).unwrap().is_file());
        let named = fs::read_link(&path).unwrap();
        assert!(!named.exists(), "{}", named.display());
        drop(file);
        assert!(!path.exists() || fs::read_link(&path).unwrap() != named);
    }

    #[test]
    fn without_memory_it_is_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.ii");
        let spool = Spool::on_disk(&path);
        fs::write(spool.path(), "x").unwrap();
        assert_eq!(spool.read().unwrap(), b"x");
    }

    #[test]
    fn a_file_on_the_disk_is_never_written_again() {
        let log = "a.cu(3): catastrophic error: error while writing preprocessing output file: No space left on device";
        let mut spool = Spool::on_disk("out.ii".as_ref());
        assert!(!spool.is_full(log));
        spool.memory = Some(tempfile::tempfile().unwrap());
        assert!(spool.is_full(log));
        assert!(!spool.is_full("a.cu(3): error: expected a \";\""));
    }
}
