//! Digest index: content digests keyed by path, size, times and inode, with git's racy-timestamp rule.
//!
//! An entry is trusted when size, modification time, change time, inode and device are what they were, and both times
//! are older than the scan that made the index: a file that changes after that scan gets a later time. Times as late
//! as the scan itself (or too coarse to tell) are *racy*: such a file is read again. The change time cannot be set by
//! a program, so a change with its modification time put back is noticed.
//!
//! Windows offers neither change time nor inode here: there an entry is keyed by path, size, modification time and
//! creation time, and a change that keeps the size and puts the modification time back goes unnoticed.

use std::fs::Metadata;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use gate_base::digest::Digest;
use gate_base::error::Result;

use super::blob::Blob;
use super::cache;

const NAME: &str = "index";
const VERSION: u32 = 2;

/// File systems take their times from a clock that ticks every 1 to 10 ms; times closer than this tell nothing.
const TICK: i64 = 20_000_000;
/// A time without a fraction of a second comes from a file system that counts in seconds (FAT: in two).
const COARSE: i64 = 2_000_000_000;
const SECOND: i64 = 1_000_000_000;
/// From so many files on, looking at them takes longer than starting a thread.
const SPLIT: usize = 200;

/// What tells whether a file is still the one that was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Size in bytes.
    pub size: u64,
    /// Modification time, nanoseconds since 1970.
    pub modified: i64,
    /// Change time (Windows: creation time), nanoseconds since 1970.
    pub changed: i64,
    /// Inode; 0 on Windows.
    pub inode: u64,
    /// Device; 0 on Windows.
    pub device: u64,
}

impl Stamp {
    /// The stamp of a file.
    #[cfg(unix)]
    pub fn of(meta: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(SECOND).saturating_add(nanos);
        Self {
            size: meta.len(),
            modified: nanos(meta.mtime(), meta.mtime_nsec()),
            changed: nanos(meta.ctime(), meta.ctime_nsec()),
            inode: meta.ino(),
            device: meta.dev(),
        }
    }

    /// The stamp of a file.
    #[cfg(not(unix))]
    pub fn of(meta: &Metadata) -> Self {
        Self {
            size: meta.len(),
            modified: meta.modified().map_or(0, nanos_since_epoch),
            changed: meta.created().map_or(0, nanos_since_epoch),
            inode: 0,
            device: 0,
        }
    }

    /// Whether a change after `scan` would show in the times.
    pub fn settled_before(&self, scan: i64) -> bool {
        [self.modified, self.changed].into_iter().all(|time| {
            let slack = if time % SECOND == 0 { COARSE } else { TICK };
            time.saturating_add(slack) < scan
        })
    }
}

/// Nanoseconds since 1970, negative before.
pub fn nanos_since_epoch(time: SystemTime) -> i64 {
    let clamp = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => clamp(after),
        Err(before) => -clamp(before.duration()),
    }
}

/// One known file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Path relative to the workspace root, in the spelling of [`super::files::File::path`].
    pub path: String,
    /// What it looked like when it was read.
    pub stamp: Stamp,
    /// Digest of what was read.
    pub digest: Digest,
    /// What git calls the same contents; the default where git was not there to ask.
    pub blob: Blob,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    /// When the scan began, by the system's clock.
    scan: i64,
    /// How long it took until the index was written.
    duration: i64,
    entries: Vec<Entry>,
}

/// The index as it was found.
#[derive(Debug, Default)]
pub struct Index {
    /// Time before which a file must have settled to be trusted.
    scan: i64,
    /// Sorted by path.
    entries: Vec<Entry>,
    /// The stamp of the index itself.
    stamp: Option<Stamp>,
}

impl Index {
    /// Reads the index of a gate directory; one that is missing or damaged is empty.
    pub fn load(gate_dir: &Path) -> Self {
        let path = gate_dir.join(NAME);
        let Some(stored) = gate_base::record::read::<Stored>(&path, VERSION) else {
            return Self::default();
        };
        // The file system's own clock decides, as in git; the system's clock can only make the rule stricter.
        let stamp = std::fs::symlink_metadata(&path).ok().as_ref().map(Stamp::of);
        let written = stamp.map_or(0, |stamp| stamp.modified);
        if !stored.entries.is_sorted_by(|a, b| a.path < b.path) {
            return Self::default();
        }
        Self {
            scan: written.saturating_sub(stored.duration).min(stored.scan),
            entries: stored.entries,
            stamp,
        }
    }

    /// What the index itself looks like on disk; `None` when there is none.
    pub fn stamp(&self) -> Option<Stamp> {
        self.stamp
    }

    /// The digest of the file at `path`, if it is known and cannot have changed since.
    pub fn lookup(&self, path: &str, stamp: &Stamp) -> Option<Digest> {
        self.entry(path, stamp).map(|entry| entry.digest)
    }

    /// What is known of the file at `path`, if it cannot have changed since.
    pub fn entry(&self, path: &str, stamp: &Stamp) -> Option<&Entry> {
        let at = self
            .entries
            .binary_search_by(|entry| entry.path.as_str().cmp(path))
            .ok()?;
        let entry = &self.entries[at];
        (entry.stamp == *stamp && stamp.settled_before(self.scan)).then_some(entry)
    }

    /// Looks at every known file below `root`, so that this happens while git is asked for the list of files. The
    /// result belongs to the entries in their order; names that are not plain text are left for later.
    pub fn stat_all(&self, root: &Path) -> Vec<Option<Metadata>> {
        let look = |entry: &Entry| {
            let plain = !entry.path.contains('\\');
            plain
                .then(|| std::fs::symlink_metadata(root.join(&entry.path)).ok())
                .flatten()
        };
        if self.entries.len() < SPLIT {
            return self.entries.iter().map(look).collect();
        }
        let (first, second) = self.entries.split_at(self.entries.len() / 2);
        std::thread::scope(|scope| {
            let second = scope.spawn(|| second.iter().map(look).collect::<Vec<_>>());
            let mut all: Vec<_> = first.iter().map(look).collect();
            // What was not looked at is looked at later.
            all.extend(second.join().unwrap_or_default());
            all
        })
    }

    /// Whether every known file is still what it was, as [`stat_all`](Self::stat_all) saw it.
    pub fn is_current(&self, known: &[Option<Metadata>]) -> bool {
        let same = |entry: &Entry, meta: &Option<Metadata>| {
            meta.as_ref().is_some_and(|meta| {
                let stamp = Stamp::of(meta);
                meta.is_file() && stamp == entry.stamp && stamp.settled_before(self.scan)
            })
        };
        self.entries.len() == known.len() && self.entries.iter().zip(known).all(|(entry, meta)| same(entry, meta))
    }

    /// Where the entry of `path` stands.
    pub fn position(&self, path: &str) -> Option<usize> {
        self.entries
            .binary_search_by(|entry| entry.path.as_str().cmp(path))
            .ok()
    }

    /// Number of known files.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// Replaces the index of a gate directory by `entries`, seen by a scan that began at `scan`.
    ///
    /// # Errors
    /// I/O errors; the old index stays.
    pub fn store(gate_dir: &Path, mut entries: Vec<Entry>, scan: SystemTime) -> Result<()> {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries.dedup_by(|a, b| a.path == b.path);
        let duration = SystemTime::now().duration_since(scan).unwrap_or_default();
        let stored = Stored {
            scan: nanos_since_epoch(scan),
            duration: i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX),
            entries,
        };
        cache::write(gate_dir, NAME, VERSION, &stored)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{File, FileTimes};

    use proptest::prelude::*;

    use super::*;

    fn stamp(modified: i64, changed: i64) -> Stamp {
        Stamp {
            size: 1,
            modified,
            changed,
            inode: 7,
            device: 1,
        }
    }

    fn entry(path: &str, stamp: Stamp) -> Entry {
        Entry {
            path: path.into(),
            stamp,
            digest: Digest::of(path.as_bytes()),
            blob: Blob::default(),
        }
    }

    const OLD: i64 = 1_000 * SECOND + 1;

    #[test]
    fn an_old_unchanged_file_is_known() {
        let gate = tempfile::tempdir().expect("temporary directory");
        let known = stamp(OLD, OLD);
        Index::store(
            gate.path(),
            vec![entry("b", known), entry("a", known)],
            SystemTime::now(),
        )
        .expect("store");
        let index = Index::load(gate.path());
        assert_eq!(index.lookup("a", &known), Some(Digest::of(b"a")));
        assert_eq!(index.lookup("c", &known), None);
        for other in [
            Stamp { size: 2, ..known },
            Stamp {
                modified: OLD + 1,
                ..known
            },
            Stamp {
                changed: OLD + 1,
                ..known
            },
            Stamp { inode: 8, ..known },
            Stamp { device: 2, ..known },
        ] {
            assert_eq!(index.lookup("a", &other), None, "{other:?}");
        }
    }

    #[test]
    fn a_file_as_young_as_the_scan_is_racy() {
        let gate = tempfile::tempdir().expect("temporary directory");
        let scan = SystemTime::now();
        let now = nanos_since_epoch(scan) | 1;
        for racy in [
            stamp(now, OLD),
            stamp(OLD, now),
            stamp(now - TICK / 2, OLD),
            stamp(now + SECOND, OLD),
        ] {
            Index::store(gate.path(), vec![entry("a", racy)], scan).expect("store");
            assert_eq!(Index::load(gate.path()).lookup("a", &racy), None, "{racy:?}");
        }
        let whole_second = stamp((now / SECOND - 1) * SECOND, OLD);
        Index::store(gate.path(), vec![entry("a", whole_second)], scan).expect("store");
        assert_eq!(Index::load(gate.path()).lookup("a", &whole_second), None);
    }

    #[test]
    fn a_file_system_clock_that_is_behind_makes_the_rule_stricter() {
        let gate = tempfile::tempdir().expect("temporary directory");
        let known = stamp(OLD, OLD);
        Index::store(gate.path(), vec![entry("a", known)], SystemTime::now()).expect("store");
        let file = File::options().write(true).open(gate.path().join(NAME)).expect("open");
        let past = UNIX_EPOCH + Duration::from_nanos(u64::try_from(OLD).expect("positive"));
        file.set_times(FileTimes::new().set_modified(past)).expect("set times");
        assert_eq!(Index::load(gate.path()).lookup("a", &known), None);
    }

    proptest! {
        #[test]
        fn what_is_stored_is_loaded(names in proptest::collection::btree_set("[a-z/]{1,8}", 0..20)) {
            let gate = tempfile::tempdir().expect("temporary directory");
            let known = stamp(OLD, OLD);
            let entries = names.iter().map(|name| entry(name, known)).collect();
            Index::store(gate.path(), entries, SystemTime::now()).expect("store");
            let index = Index::load(gate.path());
            prop_assert_eq!(index.count(), names.len());
            for name in &names {
                prop_assert_eq!(index.lookup(name, &known), Some(Digest::of(name.as_bytes())));
            }
        }
    }
}
