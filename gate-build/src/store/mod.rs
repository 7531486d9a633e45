//! What was compiled once, for every workspace of this user and, over a remote store, for every machine of a team.
//!
//! Four spaces of entries, each by digest: *manifests* say what a unit read when it was compiled, *actions* say what
//! came out of a compilation with exactly these inputs (action key to content digest), *blobs* are the bytes that came out
//! (content digest to bytes), and what is *derived* from them on this machine. An entry that cannot be read, or is not
//! what it should be, is a miss.

mod bounds;
mod claim;
mod collect;
mod counts;
mod entry;
mod layered;
mod local;
mod pins;
pub mod protocol;
mod remote;
#[cfg(feature = "analysis")]
mod verified;

use std::io;

use crate::digest::{Digest, checksum};
use crate::sorted::List as _;

pub use bounds::Bounds;
pub use collect::{Cause, Collection, Evicted};
pub use counts::{Counts, History};
pub(crate) use entry::{Action, Manifest, Record, Seconds};
pub(crate) use layered::Layered;
pub use local::{Local, folder};
pub use pins::{Holder, Pin};
pub(crate) use remote::{Fared, Remote, Setting};
#[cfg(feature = "analysis")]
pub use verified::{Usage, Verified};

/// Kinds of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Space {
    /// What a unit read, by what is known before it is read.
    Manifest,
    /// What came out, by everything that went in.
    Action,
    /// Bytes, by their own SHA-256.
    Blob,
    /// What this machine makes of results: modules that name its paths, compressed PTX. Stays on this machine.
    Derived,
}

impl Space {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Manifest, Self::Action, Self::Blob, Self::Derived];

    /// Name of its folder, and of the space in the [`protocol`].
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Manifest => "manifests",
            Self::Action => "actions",
            Self::Blob => "blobs",
            Self::Derived => "derived",
        }
    }

    /// The space of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().seek(|space| space.name() == name)
    }

    /// Whether entries are of use to other machines.
    #[must_use]
    pub const fn is_shared(self) -> bool {
        !matches!(self, Self::Derived)
    }

    /// Where an entry lies below the root of a store, on a disk and behind an address alike: `blobs/ab/cdef…`.
    #[must_use]
    pub fn place(self, key: &Digest) -> String {
        let key = key.to_string();
        let (folder, file) = key.split_at(2);
        format!("{}/{folder}/{file}", self.name())
    }

    /// Whether these bytes are a whole entry of this space under this key. A blob has the digest that is its name; the
    /// others carry a checksum.
    #[must_use]
    pub fn admits(self, key: &Digest, bytes: &[u8]) -> bool {
        match self {
            Self::Blob => Digest::of(bytes) == *key,
            Self::Manifest => entry::is_manifest(bytes),
            Self::Action => entry::is_action(bytes),
            Self::Derived => unsealed(bytes).is_some(),
        }
    }
}

/// Folder of a store that holds its entries; another format has another one.
pub const FORMAT: &str = "kernels-v1";

/// Most bytes of one entry that is taken from another machine.
pub const LARGEST: u64 = 64 << 20;

/// An entry, and where it was.
pub(crate) struct Found {
    pub bytes: Vec<u8>,
    /// Whether another machine had it.
    pub remote: bool,
}

/// A place that keeps entries.
pub(crate) trait Store: Send + Sync {
    /// An entry that passes `intact`. `None` when it is not there, is damaged or cannot be had.
    fn get(&self, space: Space, key: &Digest, intact: &dyn Fn(&[u8]) -> bool) -> Option<Found>;

    /// The same entry of the store behind this one, where there is one: it may know what others have added.
    fn behind(&self, space: Space, key: &Digest) -> Option<Vec<u8>>;

    /// Says that an entry is of use still, without reading it.
    fn mark(&self, space: Space, key: &Digest);

    /// Keeps an entry, all of it or nothing.
    ///
    /// # Errors
    /// As the operating system says. A build goes on without: it compiles again the next time.
    fn put(&self, space: Space, key: &Digest, bytes: &[u8]) -> io::Result<()>;
}

/// The blob of an action, if it is there and is what the action says.
pub(crate) fn blob_of(store: &dyn Store, action: &Action) -> Option<Found> {
    let intact = |bytes: &[u8]| bytes.len() as u64 == action.length && checksum(bytes) == action.checksum;
    store.get(Space::Blob, &action.digest, &intact)
}

/// An entry of [`Space::Derived`]: a checksum, then the bytes.
pub(crate) fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut all = checksum(bytes).to_le_bytes().to_vec();
    all.extend_from_slice(bytes);
    all
}

/// The bytes behind their checksum, if they still have it.
pub(crate) fn unsealed(all: &[u8]) -> Option<&[u8]> {
    let (sum, bytes) = all.split_first_chunk::<8>()?;
    (checksum(bytes) == u64::from_le_bytes(*sum)).then_some(bytes)
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
            let mut entry = sealed(&bytes);
            proptest::prop_assert_eq!(unsealed(&entry), Some(bytes.as_slice()));
            entry[at] ^= change;
            proptest::prop_assert!(!Space::Derived.admits(&Digest::of(b"any"), &entry));
        }
    }

    #[test]
    fn spaces_are_named() {
        for space in Space::ALL {
            assert_eq!(Space::named(space.name()), Some(space));
        }
        assert_eq!(Space::named("blob"), None);
        let key = Digest::of(b"abc");
        assert_eq!(Space::Blob.place(&key).len(), "blobs/".len() + 65);
        assert!(Space::Blob.admits(&key, b"abc") && !Space::Blob.admits(&key, b"abd"));
    }
}
