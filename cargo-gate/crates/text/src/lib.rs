//! Readers of text: secrets and paths of machines, and Markdown. Bytes in, facts out.
pub mod markdown;
pub mod secrets;

// schemars' derive where schemas are generated, else one that derives nothing.
#[cfg(not(feature = "schema"))]
use gate_schema::JsonSchema;
#[cfg(feature = "schema")]
use schemars::JsonSchema;
