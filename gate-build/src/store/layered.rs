//! The store of this machine in front of the one that others share.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Found, LARGEST, Local, Remote, Space, Store};
use crate::digest::Digest;

/// The store of this machine in front of the one that others share, where there is either.
pub(crate) struct Layered<'a> {
    local: Option<&'a Local>,
    remote: Option<&'a Remote>,
    corrupt: AtomicU64,
}

impl<'a> Layered<'a> {
    pub(crate) fn new(local: Option<&'a Local>, remote: Option<&'a Remote>) -> Self {
        Self {
            local,
            remote,
            corrupt: AtomicU64::new(0),
        }
    }

    /// Entries that were not what they should be, here or there.
    pub(crate) fn corrupt(&self) -> u64 {
        self.corrupt.load(Ordering::Relaxed) + self.remote.map_or(0, Remote::corrupt)
    }

    /// From the other machine, kept here when it is what it should be.
    fn fetch(&self, space: Space, key: &Digest, intact: &dyn Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
        let remote = self.remote.filter(|_| space.is_shared())?;
        let bytes = remote.get(space, key)?;
        // Whoever serves the store has looked already; who compiles with the result looks for himself.
        if !space.admits(key, &bytes) || !intact(&bytes) {
            remote.is_damaged();
            return None;
        }
        Some(bytes)
    }
}

impl Store for Layered<'_> {
    fn get(&self, space: Space, key: &Digest, intact: &dyn Fn(&[u8]) -> bool) -> Option<Found> {
        if let Some(local) = self.local {
            match local.get(space, key, intact) {
                Some(found) => return Some(found),
                None if matches!(local.read(space, key), Ok(Some(_))) => {
                    local.discard(space, key);
                    self.corrupt.fetch_add(1, Ordering::Relaxed);
                }
                None => {}
            }
        }
        let bytes = self.fetch(space, key, intact)?;
        if let Some(local) = self.local {
            // A store that cannot be written to costs time at the next build and nothing else.
            let _ = local.put(space, key, &bytes);
        }
        Some(Found { bytes, remote: true })
    }

    fn behind(&self, space: Space, key: &Digest) -> Option<Vec<u8>> {
        self.fetch(space, key, &|_| true)
    }

    fn mark(&self, space: Space, key: &Digest) {
        if let Some(local) = self.local {
            local.mark(space, key);
        }
    }

    fn put(&self, space: Space, key: &Digest, bytes: &[u8]) -> io::Result<()> {
        if let Some(remote) = self
            .remote
            .filter(|_| space.is_shared() && bytes.len() as u64 <= LARGEST)
        {
            remote.put(space, key, bytes);
        }
        self.local.map_or(Ok(()), |local| local.put(space, key, bytes))
    }
}
