//! Files that Git LFS keeps elsewhere: what is in the directory then is a text that names the data, and no data
//! (<https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>).

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;

use crate::directory::{Directory, Entry};
use crate::report::Status;

/// How a pointer begins, and the most bytes that one may have.
const BEGIN: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";
const LONGEST: u64 = 1024;

/// The pointers of a directory, by path.
pub(super) fn of(directory: &Directory) -> BTreeSet<&str> {
    let small = directory
        .entries
        .iter()
        .filter(|entry| entry.is_file() && (BEGIN.len() as u64..LONGEST).contains(&entry.size));
    small
        .filter(|entry| is_pointer(directory, entry))
        .map(|entry| entry.path.as_str())
        .collect()
}

/// What `contract_integrity` says of them.
pub(super) fn problems(directory: &Directory) -> Vec<(Status, String)> {
    let told = |path| format!("`{path}` is a pointer of Git LFS and not the file: run `git lfs pull`");
    of(directory)
        .into_iter()
        .map(|path| (Status::Fail, told(path)))
        .collect()
}

fn is_pointer(directory: &Directory, entry: &Entry) -> bool {
    let mut begin = [0; BEGIN.len()];
    let read = File::open(directory.root.join(&entry.path)).and_then(|mut file| file.read_exact(&mut begin));
    read.is_ok() && begin == BEGIN
}
