//! Keeping the store within its bounds.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::{Bounds, Local, pins};
use crate::disk::{self, UNFINISHED, files_below};
use crate::sorted::List as _;

/// Time between two looks at the size of the store.
const SWEEP: Duration = Duration::from_secs(3600);

/// What a killed build has left behind is taken away after this time.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// Why an entry goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// It was not used for too long.
    Age,
    /// The store is too large, and this was used least recently.
    Size,
    /// A build that was killed has left it.
    Abandoned,
}

impl Cause {
    /// `age`, `size` or `abandoned`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Size => "size",
            Self::Abandoned => "abandoned",
        }
    }
}

/// An entry that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evicted {
    /// Where it lies below the root of the store: `blobs/ab/cdef…`.
    pub place: String,
    /// Its size.
    pub bytes: u64,
    /// When it was last used, to the hour.
    pub used: SystemTime,
    /// Why it goes.
    pub cause: Cause,
}

/// What a collection took away, or would.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collection {
    /// In the order in which they go.
    pub evicted: Vec<Evicted>,
    /// Files that stay.
    pub kept: u64,
    /// Their bytes.
    pub kept_bytes: u64,
    /// Of these, what is pinned.
    pub pinned: u64,
}

impl Local {
    /// Takes away what the bounds do not allow, at most once an hour.
    /// Returns how many.
    pub(crate) fn sweep(&self) -> u64 {
        let stamp = self.root.join("swept");
        let now = SystemTime::now();
        let recent = fs::metadata(&stamp)
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|swept| now.duration_since(swept).is_ok_and(|age| age < SWEEP));
        if !recent && disk::write_atomically(&stamp, b"").is_ok() {
            self.clear_claims(now);
            self.collect(&self.bounds(), now, false).evicted.len() as u64
        } else {
            0
        }
    }

    /// Takes away what the bounds do not allow, the least recently used first and never what is pinned. With `dry_run` nothing is
    /// touched. A store that is larger than its bound by what is pinned stays so.
    #[must_use]
    pub fn collect(&self, bounds: &Bounds, now: SystemTime, dry_run: bool) -> Collection {
        let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        files_below(self.root(), &mut files);
        let folder = self.root().join(pins::FOLDER);
        // Counts, the index and pins are no entries.
        files.retain(|(_, _, path)| path.parent() != Some(self.root()) && !path.starts_with(&folder));
        files.sort();
        let mut size: u64 = files.iter().map(|(_, length, _)| length).sum();
        let age = |used: SystemTime| now.duration_since(used).unwrap_or_default();
        let too_old = |used| bounds.age.is_some_and(|most| age(used) > most);
        let nothing_to_do = size <= bounds.bytes && !files.iter().any(|(used, ..)| too_old(*used));
        // Finding what is pinned reads entries.
        let pinned = if nothing_to_do && !dry_run {
            Default::default()
        } else {
            self.pinned()
        };
        let mut collection = Collection::default();
        for (used, bytes, path) in files {
            let unfinished = path
                .file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with(UNFINISHED));
            let is_pinned = pinned.contains(&path);
            let cause = if unfinished {
                (age(used) > ABANDONED).then_some(Cause::Abandoned)
            } else if is_pinned {
                None
            } else if too_old(used) {
                Some(Cause::Age)
            } else {
                (size > bounds.bytes).then_some(Cause::Size)
            };
            let Some(cause) = cause else {
                collection.kept += 1;
                collection.kept_bytes += bytes;
                collection.pinned += u64::from(is_pinned);
                continue;
            };
            if !dry_run {
                // Another build may have taken it already, or be reading it: a reader has it open or misses.
                let _ = fs::remove_file(&path);
            }
            size = size.saturating_sub(bytes);
            let parts = path.strip_prefix(self.root()).unwrap_or(&path).components();
            let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).list();
            collection.evicted.push(Evicted {
                place: parts.join("/"),
                bytes,
                used,
                cause,
            });
        }
        if !dry_run {
            self.forget_pins();
        }
        collection
    }
}

#[cfg(test)]
mod tests {
    use crate::sorted::Set;
    use std::path::Path;

    use super::*;
    use crate::digest::Digest;
    use crate::store::{Holder, Space, Store};

    const HOUR: Duration = Duration::from_secs(3600);

    fn age(path: &Path, hours: u32) {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - HOUR * hours).unwrap();
    }

    fn store(folder: &Path, bytes: u64, hours: Option<u32>) -> Local {
        let age = hours.map(|hours| HOUR * hours);
        Local::new(folder, Bounds { bytes, age })
    }

    /// Four blobs of 100 bytes that were used 1, 2, 3 and 4 hours ago.
    fn filled(store: &Local) -> Vec<Digest> {
        let keys: Vec<Digest> = (0..4_u8).map(|at| Digest::of(&[at; 100])).collect();
        for (at, key) in (0_u8..).zip(&keys) {
            store.put(Space::Blob, key, &[at; 100]).unwrap();
            age(&store.path(Space::Blob, key), u32::from(at) + 1);
        }
        keys
    }

    fn there(store: &Local, keys: &[Digest]) -> Vec<bool> {
        let path = |key| store.path(Space::Blob, key);
        keys.iter().map(|key| path(key).exists()).collect()
    }

    fn causes(collection: &Collection) -> Vec<(Cause, u64)> {
        let of = |evicted: &Evicted| (evicted.cause, evicted.bytes);
        collection.evicted.iter().map(of).collect()
    }

    #[test]
    fn the_least_recently_used_goes_first_and_leftovers_of_killed_builds_go() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), 250, None);
        let keys = filled(&store);
        let leftover = store.root().join("blobs").join(format!("{UNFINISHED}9"));
        fs::write(&leftover, "x").unwrap();
        age(&leftover, 30);
        let now = SystemTime::now();
        let foreseen = store.collect(&store.bounds(), now, true);
        assert!(there(&store, &keys).iter().all(|there| *there) && leftover.exists());
        let collection = store.collect(&store.bounds(), now, false);
        assert_eq!(foreseen, collection);
        assert_eq!(
            causes(&collection),
            [(Cause::Abandoned, 1), (Cause::Size, 100), (Cause::Size, 100)]
        );
        assert_eq!(collection.evicted[1].place, Space::Blob.place(&keys[3]));
        assert_eq!((collection.kept, collection.kept_bytes, collection.pinned), (2, 200, 0));
        assert_eq!(there(&store, &keys), [true, true, false, false]);
        assert!(!leftover.exists());
    }

    #[test]
    fn what_was_not_used_for_too_long_goes_whatever_the_size() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), 1 << 30, Some(3));
        let keys = filled(&store);
        let collection = store.collect(&store.bounds(), SystemTime::now() - HOUR / 2, false);
        assert_eq!(causes(&collection), [(Cause::Age, 100)]);
        assert_eq!(there(&store, &keys), [true, true, true, false]);
    }

    #[test]
    fn what_is_pinned_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), 1, Some(1));
        let keys = filled(&store);
        let manifest = folder.path().join("release.json");
        let pin = store.pin(&manifest, &format!("{{\"ptx\": \"{}\"}}", keys[3])).unwrap();
        assert_eq!(pin.held.values().collect::<Vec<_>>(), [&keys[3]]);
        let lock = folder.path().join("kernels.lock");
        fs::write(&lock, "").unwrap();
        let name = "kernels/k.cu sm_80".to_owned();
        store.pin_locked(&lock, [(name.clone(), keys[2])].into(), &Set::from([name.clone()]));
        let holders: Vec<Holder> = store.pins().into_iter().map(|pin| pin.holder).collect();
        assert_eq!(
            holders,
            [Holder::Lock(lock.clone()), Holder::Manifest(manifest.clone())]
        );

        let collection = store.collect(&store.bounds(), SystemTime::now(), false);
        assert_eq!((collection.evicted.len(), collection.pinned), (2, 2));
        assert_eq!(there(&store, &keys), [false, false, true, true]);
        // A build whose sources are others than the locked ones takes nothing away.
        store.pin_locked(&lock, [].into(), &Set::from([name]));
        assert!(
            store
                .collect(&store.bounds(), SystemTime::now(), true)
                .evicted
                .is_empty()
        );

        // The lock is gone, and with it what it held.
        fs::remove_file(&lock).unwrap();
        assert_eq!(
            store.collect(&store.bounds(), SystemTime::now(), false).evicted.len(),
            1
        );
        assert_eq!(there(&store, &keys), [false, false, false, true]);
        assert!(store.unpin(&manifest).unwrap() && !store.unpin(&manifest).unwrap());
        assert_eq!(
            store.collect(&store.bounds(), SystemTime::now(), false).evicted.len(),
            1
        );
        assert_eq!((store.pins(), store.usage().entries), (vec![], 0));
    }
}
