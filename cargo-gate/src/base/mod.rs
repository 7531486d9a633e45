//! What every room stands on: digests, errors, exit codes, paths, places in files, atomic writes, statistics. Imports nothing else.

pub mod atomic;
#[cfg(test)]
pub(crate) mod built_from;
pub mod digest;
pub mod error;
pub mod exit;
pub mod location;
pub mod paths;
pub mod stage;
pub mod stats;

pub use location::Location;
