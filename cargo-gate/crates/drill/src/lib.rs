//! Drills: a proxy that breaks connections on purpose and counts what it broke, the judge of a history of operations, what
//! clean repeats prove, and the scan for what a drill left behind. Starts no process.
//!
//! ```text
//! [load] ─► history ─► judge ◄─ stored ◄─ [final read]
//!    └────► proxy ─► [system]
//! ```

pub mod history;
pub mod proof;
pub mod proxy;
pub mod residue;

// schemars' derive where schemas are generated, else one that derives nothing.
#[cfg(not(feature = "schema"))]
use gate_schema::JsonSchema;
#[cfg(feature = "schema")]
use schemars::JsonSchema;
