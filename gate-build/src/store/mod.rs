//! What was compiled once, for every workspace of this user.
//!
//! Three spaces of entries, each by digest: *manifests* say what a unit read when it was compiled, *actions* say what
//! came out of a compilation with exactly these inputs, *blobs* are the bytes that came out. An entry that cannot be
//! read, or is not what it should be, is a miss.

mod entry;
mod local;

use std::io;

use crate::digest::Digest;

pub(crate) use entry::{Action, Manifest, Record, Seconds};
pub(crate) use local::{DEFAULT_LIMIT, Local, folder};

/// Kinds of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Space {
    /// What a unit read, by what is known before it is read.
    Manifest,
    /// What came out, by everything that went in.
    Action,
    /// Bytes, by their own digest.
    Blob,
}

/// A place that keeps entries. One on another machine fits behind the same two calls.
pub(crate) trait Store: Send + Sync {
    /// An entry. `None` when it is not there or cannot be had.
    fn get(&self, space: Space, key: &Digest) -> Option<Vec<u8>>;

    /// Keeps an entry, all of it or nothing.
    ///
    /// # Errors
    /// As the operating system says. A build goes on without: it compiles again the next time.
    fn put(&self, space: Space, key: &Digest, bytes: &[u8]) -> io::Result<()>;
}

/// The blob of an action, if it is there and is what the action says.
pub(crate) fn blob_of(store: &dyn Store, action: &Action) -> Option<Vec<u8>> {
    let bytes = store.get(Space::Blob, &action.digest)?;
    (bytes.len() as u64 == action.length && checksum(&bytes) == action.checksum).then_some(bytes)
}

/// Detects damage of bytes whose digest was taken when they were stored: SHA-256 of megabytes takes a second in a
/// build script, which cargo does not optimise. Multiplies and rotates 64 bits at a time.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut state = bytes.len() as u64 ^ FACTOR;
    for word in words {
        state = (state ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR).rotate_left(29);
    }
    for byte in rest {
        state = (state ^ u64::from(*byte)).wrapping_mul(FACTOR).rotate_left(29);
    }
    state ^ state >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn one_changed_byte_changes_the_checksum(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 1..100),
            at in 0_usize..100,
            change in 1_u8..,
        ) {
            let mut other = bytes.clone();
            let at = at % bytes.len();
            other[at] ^= change;
            proptest::prop_assert_ne!(checksum(&bytes), checksum(&other));
            proptest::prop_assert_ne!(checksum(&bytes), checksum(&bytes[1..]));
        }
    }
}
