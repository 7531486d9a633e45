//! Stores on other machines: where they are and how they are asked; for that of kernels, the program that answers builds.
//!
//! `gate-build` speaks to no network. It starts `cargo gate kernels serve` and asks it over standard input and output
//! ([`gate_build::store::protocol`]); what is behind that is a [`Remote`].

mod directory;
#[cfg(feature = "remote")]
mod http;
mod open;
#[cfg(feature = "remote")]
mod redis;
#[cfg(feature = "remote")]
mod s3;
mod serve;
#[cfg(all(test, feature = "remote"))]
mod tests;

pub use gate_policy::address::Secret;
pub use open::{Kept, Opened, TIMEOUT, open, open_at};
pub use serve::serve;

/// Why a store on another machine cannot be opened by a binary that knows folders alone.
pub const WITHOUT_FEATURE: &str = "this `cargo gate` was installed without the feature `remote`";

/// A place on another machine that keeps bytes under names. Whether they are what they should be is for whoever asks to
/// find out.
pub trait Remote: Send + Sync {
    /// The bytes at a place such as `blobs/ab/cdef…`; `None` when there are none.
    ///
    /// # Errors
    /// The place cannot be asked, or has more than [`LARGEST`](gate_build::store::LARGEST) bytes there.
    fn get(&self, place: &str) -> Result<Option<Vec<u8>>, Failure>;

    /// Keeps bytes at a place, in place of what may be there.
    ///
    /// # Errors
    /// The place cannot be asked, or refuses.
    fn put(&self, place: &str, bytes: &[u8]) -> Result<(), Failure>;
}

/// Why a remote store has not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It cannot be reached, or refuses: why, without addresses and secrets.
    Unavailable(String),
    /// It has more bytes there than an entry may have.
    TooLarge,
}

impl Failure {
    fn new(reason: impl std::fmt::Display) -> Self {
        Self::Unavailable(reason.to_string())
    }
}
