//! The report: a stable, versioned model and renderers that only read it.

mod benchmark;
mod model;
mod redaction;
pub mod render;
mod schema;
mod standing;

pub use benchmark::{BenchmarkResult, Real, Standing};
pub use model::*;
pub use schema::schema;
pub use standing::outcome_of;
pub mod group;
pub mod redact;
