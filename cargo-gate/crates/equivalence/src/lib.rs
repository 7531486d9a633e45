//! Equivalence of implementations: which cells of a scope are run, how two outputs are compared, and what shows that the
//! comparison can fail. Starts nothing and reads no files.
//!
//! ```text
//! scope ─► cells (covering array, corners) ─► [commands, elsewhere] ─► read ─► compare ─► differences
//!                                                                        └──► mutant ─► compare ─► survivors
//! ```

pub mod compare;
pub mod decimal;
pub mod dtype;
pub mod mutant;
pub mod output;
pub mod read;
pub mod rule;
pub mod safetensors;
pub mod scope;

// schemars' derive where schemas are generated, else one that derives nothing.
#[cfg(not(feature = "schema"))]
use gate_schema::JsonSchema;
#[cfg(feature = "schema")]
use schemars::JsonSchema;
