//! How much use the store was: a line for each build, appended by whoever builds.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// From this many bytes on, what was written goes to a second file, which is replaced.
const ROTATE: u64 = 1 << 20;

/// Most that is read of one file: twice what it may grow to between two looks.
const MOST: u64 = 16 * ROTATE;

/// What the store was asked for, and what it gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pairs of unit and architecture that were looked for.
    pub lookups: u64,
    /// Pairs that nobody had to compile.
    pub hits: u64,
    /// Hits that another machine's result made.
    pub remote_hits: u64,
    /// Entries, here or on another machine, that were not what they should be.
    pub corrupt: u64,
    /// Entries that were removed to keep the store within its bound.
    pub evicted: u64,
    /// Questions that the remote store did not answer.
    pub remote_unavailable: u64,
    /// Entries that were written to the remote store.
    pub uploads: u64,
}

impl Counts {
    /// The counts with their names, as reports have them.
    #[must_use]
    pub fn named(&self) -> [(&'static str, u64); 7] {
        [
            ("lookups", self.lookups),
            ("hits", self.hits),
            ("remote_hits", self.remote_hits),
            ("corrupt", self.corrupt),
            ("evicted", self.evicted),
            ("remote_unavailable", self.remote_unavailable),
            ("uploads", self.uploads),
        ]
    }

    /// Adds these counts.
    pub fn add(&mut self, other: &Self) {
        let sum = |a: &mut u64, b: u64| *a = a.saturating_add(b);
        sum(&mut self.lookups, other.lookups);
        sum(&mut self.hits, other.hits);
        sum(&mut self.remote_hits, other.remote_hits);
        sum(&mut self.corrupt, other.corrupt);
        sum(&mut self.evicted, other.evicted);
        sum(&mut self.remote_unavailable, other.remote_unavailable);
        sum(&mut self.uploads, other.uploads);
    }

    fn parse(line: &str) -> Option<(u64, Self)> {
        let mut numbers = line.strip_suffix(" .")?.split(' ').map(|word| word.parse::<u64>().ok());
        let mut next = || numbers.next().flatten();
        let time = next()?;
        let counts = Self {
            lookups: next()?,
            hits: next()?,
            remote_hits: next()?,
            corrupt: next()?,
            evicted: next()?,
            remote_unavailable: next()?,
            uploads: next()?,
        };
        (next().is_none() && counts.hits <= counts.lookups && counts.remote_hits <= counts.hits)
            .then_some((time, counts))
    }
}

/// The counts of builds that are remembered: some ten thousand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct History {
    /// Builds that asked the store.
    pub builds: u64,
    /// When the first of them ended, in seconds of Unix time.
    pub since: Option<u64>,
    /// What they asked and got, together.
    pub total: Counts,
}

/// Appends the counts of one build. They are no reason to fail for.
pub(super) fn append(file: &Path, counts: &Counts) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let mut line = now.to_string();
    for (_, count) in counts.named() {
        line.push(' ');
        line.push_str(&count.to_string());
    }
    line.push_str(" .\n");
    rotate(file);
    if let Some(folder) = file.parent() {
        let _ = fs::create_dir_all(folder);
    }
    // One write of one line: builds at the same time append behind each other.
    let _ = File::options()
        .append(true)
        .create(true)
        .open(file)
        .and_then(|mut file| file.write_all(line.as_bytes()));
}

/// Sets a full file aside. Whoever is about to append to it still does, under its new name.
fn rotate(file: &Path) {
    let is_full = || fs::metadata(file).is_ok_and(|metadata| metadata.len() >= ROTATE);
    if !is_full() {
        return;
    }
    let lock = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(file.with_extension("lock"));
    // Somebody else who holds it is doing just this.
    if let Ok(lock) = lock
        && lock.try_lock().is_ok()
        && is_full()
    {
        let _ = fs::rename(file, file.with_extension("1"));
    }
}

/// What is remembered. A line that was cut off counts for nothing.
pub(super) fn read(file: &Path) -> History {
    let mut history = History::default();
    for file in [file.with_extension("1"), file.to_path_buf()] {
        let mut text = Vec::new();
        let read = File::open(&file).and_then(|file| file.take(MOST).read_to_end(&mut text));
        if read.is_err() {
            continue;
        }
        for (time, counts) in String::from_utf8_lossy(&text).lines().filter_map(Counts::parse) {
            // Entries that were found damaged outside of a build are no build.
            history.builds += u64::from(counts.lookups > 0);
            history.since = Some(history.since.map_or(time, |since| since.min(time)));
            history.total.add(&counts);
        }
    }
    history
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Counts = Counts {
        lookups: 5,
        hits: 4,
        remote_hits: 2,
        corrupt: 1,
        evicted: 0,
        remote_unavailable: 0,
        uploads: 3,
    };

    #[test]
    fn builds_at_the_same_time_are_all_counted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store").join("builds");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..50).for_each(|_| append(&file, &ONE)));
            }
        });
        let history = read(&file);
        assert_eq!(
            (history.builds, history.total.lookups, history.total.uploads),
            (200, 1000, 600)
        );
        assert!(history.since.is_some());
    }

    #[test]
    fn a_full_file_is_set_aside_and_still_counted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("builds");
        append(&file, &ONE);
        let line = fs::read_to_string(&file).unwrap();
        let many = 2 * ROTATE as usize / line.len();
        fs::write(&file, line.repeat(many)).unwrap();
        append(&file, &ONE);
        assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 1);
        assert_eq!(read(&file).builds, many as u64 + 1);
    }

    proptest::proptest! {
        #[test]
        fn what_was_cut_off_or_is_impossible_counts_for_nothing(text in "[0-9 .\n]{0,80}", cut in 0_usize..20) {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("builds");
            append(&file, &ONE);
            let whole = fs::read_to_string(&file).unwrap();
            fs::write(&file, format!("{whole}{text}")).unwrap();
            let history = read(&file);
            proptest::prop_assert!(history.total.hits <= history.total.lookups);
            fs::write(&file, &whole[..cut]).unwrap();
            proptest::prop_assert_eq!(read(&file), History::default());
        }
    }
}
