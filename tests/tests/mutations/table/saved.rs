//! A directory as it was, to put it back.

use std::collections::BTreeMap;
use std::fs::{self, Metadata, Permissions};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What was at a path.
enum Entry {
    Directory,
    /// Bytes, permissions and what changes with any of them.
    File(Vec<u8>, Permissions, Stamp),
    Link(PathBuf),
}

/// Inode and time of the last change, which no program can set.
type Stamp = (u64, i64, i64);

fn stamp(metadata: &Metadata) -> Stamp {
    (metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
}

/// Everything below a directory, apart from what cargo built.
pub(super) struct Saved {
    directory: PathBuf,
    entries: BTreeMap<PathBuf, Entry>,
}

impl Saved {
    /// Reads the directory.
    pub(super) fn of(directory: &Path) -> Self {
        let mut entries = BTreeMap::new();
        for (path, metadata) in walk(directory) {
            let entry = if metadata.is_symlink() {
                Entry::Link(fs::read_link(&path).expect("a link"))
            } else if metadata.is_dir() {
                Entry::Directory
            } else {
                let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                Entry::File(bytes, metadata.permissions(), stamp(&metadata))
            };
            entries.insert(path, entry);
        }
        Self {
            directory: directory.to_owned(),
            entries,
        }
    }

    /// Puts everything back that is another thing now; what is as it was is not touched, so that cargo does not build again.
    pub(super) fn restore(&mut self) {
        let now = walk(&self.directory);
        for (path, metadata) in &now {
            let same = match self.entries.get(path) {
                Some(Entry::Directory) => metadata.is_dir(),
                Some(Entry::File(_, _, before)) => metadata.is_file() && *before == stamp(metadata),
                Some(Entry::Link(to)) => fs::read_link(path).is_ok_and(|now| now == *to),
                None => false,
            };
            if same {
                continue;
            }
            // What was below a directory that is removed is gone already.
            if metadata.is_dir() {
                drop(fs::remove_dir_all(path));
            } else {
                drop(fs::remove_file(path));
            }
        }
        for (path, entry) in &mut self.entries {
            if fs::symlink_metadata(path).is_ok() {
                continue;
            }
            let made = match entry {
                Entry::Directory => fs::create_dir_all(path),
                Entry::File(bytes, permissions, before) => fs::write(path, bytes)
                    .and_then(|()| fs::set_permissions(path, permissions.clone()))
                    .and_then(|()| fs::symlink_metadata(path))
                    .map(|metadata| *before = stamp(&metadata)),
                Entry::Link(to) => std::os::unix::fs::symlink(to, path),
            };
            made.unwrap_or_else(|error| panic!("cannot put {} back: {error}", path.display()));
        }
    }
}

/// Everything below a directory, each directory before what is in it.
fn walk(directory: &Path) -> BTreeMap<PathBuf, Metadata> {
    let mut found = BTreeMap::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        let entries = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        for entry in entries {
            let path = entry.expect("an entry").path();
            // What cargo built is checked by those who read it.
            if directory.ends_with("target") && !path.ends_with("target/gate") {
                continue;
            }
            let metadata = fs::symlink_metadata(&path).expect("an entry has metadata");
            if metadata.is_dir() {
                directories.push(path.clone());
            }
            found.insert(path, metadata);
        }
    }
    found
}
