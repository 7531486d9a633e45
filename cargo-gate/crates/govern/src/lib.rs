//! Governance: promotion by a run's report, the close-out of a stage, and migrations.

pub mod closeout;
pub mod migration;
pub mod promotion;

// schemars' derive where schemas are generated, else one that derives nothing.
#[cfg(not(feature = "schema"))]
use gate_schema::JsonSchema;
#[cfg(feature = "schema")]
use schemars::JsonSchema;
