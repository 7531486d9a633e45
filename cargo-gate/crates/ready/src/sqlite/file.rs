//! The files of a database.

use std::path::{Path, PathBuf};

/// What every database begins with.
pub(super) const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Whether a file is a database.
pub(crate) fn is_database(path: &Path) -> bool {
    let mut begin = [0; MAGIC.len()];
    let read = std::fs::File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut begin));
    read.is_ok() && &begin == MAGIC
}

/// The files next to a database that hold changes which are not in it, by what they are called.
pub(crate) fn journals(path: &Path) -> [PathBuf; 2] {
    ["-journal", "-wal"].map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    })
}
