//! The store on this machine's disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Space, Store};
use crate::digest::Digest;
use crate::disk::{self, UNFINISHED};
use crate::env::{Env, Os};

/// An entry that was used this long ago or longer is marked as used again; more often would only cost.
const MARK: Duration = Duration::from_secs(3600);

/// What a killed build has left behind is taken away after this time.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// Time between two looks at the size of the store.
const SWEEP: Duration = Duration::from_secs(3600);

/// Default bound, in bytes.
pub(crate) const DEFAULT_LIMIT: u64 = 2 << 30;

/// The store on this machine's disk: one file for each entry, written beside its place and renamed into it.
#[derive(Debug)]
pub(crate) struct Local {
    root: PathBuf,
    /// Most bytes it may hold.
    limit: u64,
}

/// Where the store lies: `GATE_CACHE_DIR`, else the user's folder for caches; `None` when there is neither.
pub(crate) fn folder(env: &Env) -> Option<PathBuf> {
    if let Some(folder) = env.variable("GATE_CACHE_DIR") {
        return Some(PathBuf::from(folder));
    }
    let below = |name: &str, parts: &[&str]| {
        let mut folder = PathBuf::from(env.variable(name)?);
        folder.extend(parts);
        folder.is_absolute().then_some(folder)
    };
    match env.os() {
        Os::Linux => below("XDG_CACHE_HOME", &["cargo-gate"]).or_else(|| below("HOME", &[".cache", "cargo-gate"])),
        Os::MacOs => below("HOME", &["Library", "Caches", "cargo-gate"]),
        Os::Windows => below("LOCALAPPDATA", &["cargo-gate"]),
    }
}

impl Local {
    /// The store in `folder`, bounded to `limit` bytes. Nothing is created before something is put.
    pub(crate) fn new(folder: &Path, limit: u64) -> Self {
        Self {
            root: folder.join("kernels-v1"),
            limit,
        }
    }

    /// Where facts about files are kept.
    pub(crate) fn index_file(&self) -> PathBuf {
        self.root.join("index")
    }

    /// A folder of the store for what another part keeps; it is bounded with the rest.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn path(&self, space: Space, key: &Digest) -> PathBuf {
        let space = match space {
            Space::Manifest => "manifests",
            Space::Action => "actions",
            Space::Blob => "blobs",
        };
        let key = key.to_string();
        let (folder, file) = key.split_at(2);
        self.root.join(space).join(folder).join(file)
    }

    /// Takes away the entries that were used least recently until the rest is within the bound, at most once an hour.
    pub(crate) fn sweep(&self) {
        let stamp = self.root.join("swept");
        let now = SystemTime::now();
        let recent = fs::metadata(&stamp)
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|swept| now.duration_since(swept).is_ok_and(|age| age < SWEEP));
        if !recent && disk::write_atomically(&stamp, b"").is_ok() {
            self.evict(now);
        }
    }

    fn evict(&self, now: SystemTime) {
        let mut entries: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        collect(&self.root, &mut entries);
        let mut size = 0;
        entries.retain(|(used, length, path)| {
            let unfinished = path
                .file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with(UNFINISHED));
            let abandoned = unfinished && now.duration_since(*used).is_ok_and(|age| age > ABANDONED);
            if abandoned {
                let _ = fs::remove_file(path);
            } else {
                size += length;
            }
            !unfinished && path.parent() != Some(&self.root)
        });
        entries.sort();
        for (_, length, path) in entries {
            if size <= self.limit {
                break;
            }
            // Another build may have taken it already, or be reading it: a reader has it open or misses.
            let _ = fs::remove_file(&path);
            size = size.saturating_sub(length);
        }
    }
}

fn collect(folder: &Path, entries: &mut Vec<(SystemTime, u64, PathBuf)>) {
    let Ok(listing) = fs::read_dir(folder) else { return };
    for entry in listing.flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            collect(&entry.path(), entries);
        } else if let Ok(used) = metadata.modified() {
            entries.push((used, metadata.len(), entry.path()));
        }
    }
}

impl Store for Local {
    fn get(&self, space: Space, key: &Digest) -> Option<Vec<u8>> {
        let path = self.path(space, key);
        let bytes = fs::read(&path).ok()?;
        let now = SystemTime::now();
        let used = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok();
        if used.is_some_and(|used| now.duration_since(used).is_ok_and(|age| age > MARK)) {
            // A store that cannot be written to still serves.
            let _ = fs::File::options()
                .write(true)
                .open(&path)
                .and_then(|file| file.set_modified(now));
        }
        Some(bytes)
    }

    fn put(&self, space: Space, key: &Digest, bytes: &[u8]) -> io::Result<()> {
        disk::write_atomically(&self.path(space, key), bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_goes_first_and_leftovers_of_killed_builds_go() {
        let folder = tempfile::tempdir().unwrap();
        let store = Local::new(folder.path(), 250);
        let now = SystemTime::now();
        let age = |path: &Path, hours: u64| {
            let file = fs::File::options().write(true).open(path).unwrap();
            file.set_modified(now - Duration::from_secs(3600 * hours)).unwrap();
        };
        let keys: Vec<Digest> = (0..4_u8).map(|at| Digest::of(&[at])).collect();
        for (at, key) in (1..).zip(&keys) {
            store.put(Space::Blob, key, &[0; 100]).unwrap();
            age(&store.path(Space::Blob, key), at);
        }
        let leftover = store.root.join("blobs").join(format!("{UNFINISHED}9"));
        fs::write(&leftover, "x").unwrap();
        age(&leftover, 30);
        store.evict(now);
        let there: Vec<bool> = keys.iter().map(|key| store.get(Space::Blob, key).is_some()).collect();
        assert_eq!(there, [true, true, false, false]);
        assert!(!leftover.exists());
    }

    #[test]
    fn the_folder_is_the_users_unless_it_is_named() {
        let folder =
            |os, variables: &[(&str, &str)]| folder(&Env::new(os, variables.iter().copied(), crate::env::Disk));
        assert_eq!(
            folder(Os::Linux, &[("GATE_CACHE_DIR", "x"), ("HOME", "/h")]),
            Some("x".into())
        );
        assert_eq!(folder(Os::Linux, &[]), None);
        if cfg!(unix) {
            assert_eq!(
                folder(Os::Linux, &[("HOME", "/h")]),
                Some("/h/.cache/cargo-gate".into())
            );
            assert_eq!(
                folder(Os::MacOs, &[("HOME", "/h")]),
                Some("/h/Library/Caches/cargo-gate".into())
            );
        }
    }
}
