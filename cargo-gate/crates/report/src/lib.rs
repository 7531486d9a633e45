//! The report: a stable, versioned model and renderers that only read it.

mod benchmark;
mod bound;
pub mod claim;
mod dimension;
mod drill;
mod equivalence;
mod fix;
pub mod group;
mod model;
mod partition;
pub mod redact;
mod redaction;
pub mod render;
pub mod rollout;
#[cfg(feature = "schema")]
mod schema;
mod service_level;
mod standing;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use benchmark::{BenchmarkResult, Real, Standing};
pub use dimension::Dimension;
pub use drill::{Drill, DrillBound, DrillRun, DrillStanding};
pub use equivalence::{
    CellStanding, Equivalence, EquivalenceCell, EquivalenceExclusion, EquivalencePair, EquivalenceReference,
    EquivalenceRisk,
};
pub use fix::{Applicability, Change, Edit, Fix, Remedy};
pub use model::*;
pub use partition::{OTHER_SHARD, Partition, SuitePart};
pub use redaction::{MaskedReport, masked};
#[cfg(feature = "schema")]
pub use schema::schema;
pub use service_level::ServiceLevel;
pub use standing::outcome_of;

// schemars' derive where schemas are generated, else one that derives nothing.
#[cfg(not(feature = "schema"))]
use gate_schema::JsonSchema;
#[cfg(feature = "schema")]
use schemars::JsonSchema;
