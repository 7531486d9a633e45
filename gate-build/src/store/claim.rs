//! Which build of this machine compiles something, so that others wait for its result instead of compiling it as well.

use std::fs::{self, File, TryLockError};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::Local;
use crate::digest::Digest;

/// A compilation that this build does. The operating system lets go of it when the process ends, however that is.
pub(crate) struct Claim {
    file: Option<(PathBuf, File)>,
    /// Whether another build had it before: its result may be there now.
    pub waited: bool,
}

impl Local {
    /// Claims the compilation of this key. While another build has it, `patience` is asked again and again whether to go on waiting; it
    /// takes its time to answer. Without patience, and where files cannot be locked, two builds may compile the same: what each of them
    /// stores is whole.
    pub(crate) fn claim(&self, key: &Digest, mut patience: impl FnMut() -> bool) -> Claim {
        let mut claim = Claim {
            file: None,
            waited: false,
        };
        let path = self.root.join("claims").join(key.prefix(32));
        let open = || {
            fs::create_dir_all(path.parent()?).ok()?;
            File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)
                .ok()
        };
        // Opened anew for each try: who had it takes the file away.
        while let Some(file) = open() {
            match file.try_lock() {
                Ok(()) => {
                    claim.file = Some((path, file));
                    break;
                }
                Err(TryLockError::WouldBlock) => {
                    claim.waited = true;
                    if !patience() {
                        break;
                    }
                }
                Err(TryLockError::Error(_)) => break,
            }
        }
        claim
    }

    /// Takes away the files that killed builds left. One that is still held goes as well if it is as old; at worst something is compiled
    /// twice.
    pub(super) fn clear_claims(&self, now: SystemTime) {
        const OLD: Duration = Duration::from_secs(24 * 3600);
        let entries = fs::read_dir(self.root.join("claims")).into_iter().flatten().flatten();
        for entry in entries {
            let made = entry.metadata().and_then(|metadata| metadata.modified());
            if made.is_ok_and(|made| now.duration_since(made).is_ok_and(|age| age > OLD)) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some((path, _)) = &self.file {
            // Someone may be about to lock the file that goes; at worst something is compiled twice.
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::super::Bounds;
    use super::*;

    #[test]
    fn one_waits_while_another_compiles() {
        let folder = tempfile::tempdir().unwrap();
        let store = Local::new(folder.path(), Bounds::default());
        let (key, other) = (Digest::of(b"k"), Digest::of(b"other"));
        let first = store.claim(&key, || panic!("nobody has it"));
        assert!(!first.waited);
        assert!(!store.claim(&other, || panic!("nobody has it")).waited);
        let (tried, waits) = mpsc::channel();
        thread::scope(|scope| {
            let store = &store;
            let second = scope.spawn(move || {
                let claim = store.claim(&key, || {
                    let _ = tried.send(());
                    thread::yield_now();
                    true
                });
                (claim.waited, claim.file.is_some())
            });
            waits.recv().unwrap();
            drop(first);
            assert_eq!(second.join().unwrap(), (true, true));
        });
        assert_eq!(fs::read_dir(store.root().join("claims")).unwrap().count(), 0);
    }

    #[test]
    fn patience_ends() {
        let folder = tempfile::tempdir().unwrap();
        let store = Local::new(folder.path(), Bounds::default());
        let key = Digest::of(b"k");
        let _first = store.claim(&key, || true);
        let mut asked = 0;
        let second = store.claim(&key, || {
            asked += 1;
            asked < 3
        });
        assert_eq!((asked, second.waited, second.file.is_some()), (3, true, false));
    }

    #[test]
    fn what_killed_builds_left_goes_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let store = Local::new(folder.path(), Bounds::default());
        let claims = store.root().join("claims");
        fs::create_dir_all(&claims).unwrap();
        let now = SystemTime::now();
        for (name, hours) in [("old", 25), ("new", 1)] {
            let file = File::create(claims.join(name)).unwrap();
            file.set_modified(now - Duration::from_secs(hours * 3600)).unwrap();
        }
        store.clear_claims(now);
        assert!(!claims.join("old").exists() && claims.join("new").exists());
    }

    #[test]
    fn a_store_that_cannot_be_written_is_no_reason_to_wait() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let store = Local::new(&file, Bounds::default());
        let claim = store.claim(&Digest::of(b"k"), || panic!("nobody has it"));
        assert!(claim.file.is_none() && !claim.waited);
    }
}
