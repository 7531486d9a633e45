//! What a store holds, and whether it is whole.

use std::fs;
use std::io;

use super::Space;
use super::counts::Counts;
use super::local::{Local, key_of};
use crate::disk;

/// What a store holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Entries of every space.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What reading every entry of a store found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Entries that were read.
    pub checked: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Places of entries that were damaged and are removed, sorted: `blobs/ab/cdef…`.
    pub corrupt: Vec<String>,
    /// Places of entries that cannot be read, sorted.
    pub unreadable: Vec<String>,
}

impl Local {
    /// How much it holds. One that is not there holds nothing.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let mut files = Vec::new();
        for space in Space::ALL {
            disk::files_below(&self.root.join(space.name()), &mut files);
        }
        Usage {
            entries: files.len() as u64,
            bytes: files.iter().map(|(_, length, _)| length).sum(),
        }
    }

    /// Reads every entry, removes the damaged ones and counts them. Who needs one compiles it again.
    #[must_use]
    pub fn verify(&self) -> Verified {
        let mut verified = Verified::default();
        for space in Space::ALL {
            let mut files = Vec::new();
            disk::files_below(&self.root.join(space.name()), &mut files);
            files.sort_by(|(_, _, a), (_, _, b)| a.cmp(b));
            for (_, _, path) in files {
                let Some((key, name)) = key_of(&path) else {
                    // One that is being written, or was when a build was killed.
                    continue;
                };
                let place = format!("{}/{name}", space.name());
                match fs::read(&path) {
                    Ok(bytes) => {
                        verified.checked += 1;
                        verified.bytes += bytes.len() as u64;
                        if !space.admits(&key, &bytes) {
                            let _ = fs::remove_file(&path);
                            verified.corrupt.push(place);
                        }
                    }
                    // Another build has removed it meanwhile.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(_) => verified.unreadable.push(place),
                }
            }
        }
        self.record(&Counts {
            corrupt: verified.corrupt.len() as u64,
            ..Counts::default()
        });
        verified
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::disk::UNFINISHED;
    use crate::store::{Bounds, Store as _};

    #[test]
    fn damaged_entries_are_found_removed_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let store = Local::new(folder.path(), Bounds::default());
        assert_eq!((store.verify(), store.usage()), (Verified::default(), Usage::default()));
        let (good, bad) = (Digest::of(b"good"), Digest::of(b"bad"));
        store.put(Space::Blob, &good, b"good").unwrap();
        store.put(Space::Blob, &bad, b"bae").unwrap();
        store.put(Space::Action, &bad, b"gate-build action 1").unwrap();
        fs::write(store.root.join("blobs").join(format!("{UNFINISHED}1")), "x").unwrap();
        let verified = store.verify();
        assert_eq!((verified.checked, verified.bytes), (3, 26));
        assert_eq!(verified.corrupt, [Space::Action.place(&bad), Space::Blob.place(&bad)]);
        assert_eq!(store.verify().corrupt, [""; 0]);
        assert!(store.read(Space::Blob, &good).unwrap().is_some() && store.read(Space::Blob, &bad).unwrap().is_none());
        assert_eq!((store.history().total.corrupt, store.history().builds), (2, 0));
    }
}
