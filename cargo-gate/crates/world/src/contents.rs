//! Contents of files that had to be read for their digests, kept for those who ask next within the same run: opening a
//! small file takes longer than looking through it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use gate_base::digest::Digest;

use super::files::File;

/// Bytes that are kept at most. A workspace with more in its files has the rest of them read again.
const MAX_KEPT: usize = 12 << 20;
/// Larger files are not kept: few of them would take the place of many.
const MAX_FILE: u64 = 256 << 10;

/// Contents by digest.
#[derive(Debug, Default)]
pub struct Contents(BTreeMap<Digest, Vec<u8>>);

impl Contents {
    /// Contents under their digests.
    pub(super) fn new(kept: impl IntoIterator<Item = (Digest, Vec<u8>)>) -> Self {
        Self(kept.into_iter().collect())
    }

    /// What a file held when its digest was taken, if that is kept.
    pub(super) fn of(&self, file: &File) -> Option<&[u8]> {
        self.0.get(file.digest.as_ref()?).map(Vec::as_slice)
    }

    /// Contents of a file below `root`: what is kept, else what the file holds now.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub(super) fn look(&self, root: &Path, file: &File) -> io::Result<Cow<'_, [u8]>> {
        match self.of(file) {
            Some(bytes) => Ok(Cow::Borrowed(bytes)),
            None => std::fs::read(root.join(&file.native)).map(Cow::Owned),
        }
    }
}

/// What may still be kept; shared by the threads that read.
#[derive(Debug)]
pub(super) struct Room(AtomicUsize);

impl Room {
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(MAX_KEPT))
    }

    /// Reads a file of about `size` bytes, unless it is too large to be kept or there is no room any more.
    pub(super) fn read(&self, path: &Path, size: u64) -> Option<io::Result<Vec<u8>>> {
        let wanted = usize::try_from(size).ok().filter(|_| size <= MAX_FILE)?;
        let left = |left: usize| left.checked_sub(wanted);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).ok()?;
        Some(std::fs::read(path))
    }
}

#[cfg(test)]
mod tests {
    use super::super::files::FileKind;
    use super::*;

    #[test]
    fn what_is_kept_is_not_read_again_and_the_rest_is() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("a");
        std::fs::write(&path, "now").expect("write");
        let file = |digest| File {
            path: "a".into(),
            native: "a".into(),
            tracked: true,
            kind: FileKind::Regular,
            executable: false,
            size: 3,
            digest,
        };
        let before = Digest::of(b"before");
        let contents = Contents::new([(before, b"before".to_vec())]);
        let read = |digest| {
            contents
                .look(directory.path(), &file(digest))
                .expect("a file")
                .into_owned()
        };
        assert_eq!(read(Some(before)), b"before");
        assert_eq!(read(Some(Digest::of(b"now"))), b"now");
        assert_eq!(read(None), b"now");
    }

    #[test]
    fn room_is_for_many_small_files() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("a");
        std::fs::write(&path, "a").expect("write");
        let room = Room::new();
        assert!(room.read(&path, MAX_FILE + 1).is_none());
        let kept = (0..1000).take_while(|_| room.read(&path, MAX_FILE).is_some()).count();
        assert_eq!(kept as u64 * MAX_FILE, MAX_KEPT as u64);
        assert!(room.read(&path, 0).is_some_and(|read| read.is_ok()));
    }
}
