//! What every room stands on: digests, errors, exit codes, paths, places in files, atomic
//! writes, statistics, child processes. Imports nothing of cargo-gate.

pub mod atomic;
pub mod digest;
pub mod error;
pub mod exit;
pub mod location;
pub mod parallel;
pub mod paths;
pub mod pattern;
pub mod process;
pub mod profile;
pub mod record;
pub mod stage;
pub mod stats;
mod used_path;

pub use location::Location;
pub use used_path::UsedPath;

// schemars' derive where schemas are generated, else one that derives nothing. Each crate has its own: another crate of the same
// build may have the feature.
#[cfg(not(feature = "schema"))]
use gate_schema::JsonSchema;
#[cfg(feature = "schema")]
use schemars::JsonSchema;
