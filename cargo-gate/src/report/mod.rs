//! The report: a stable, versioned model and renderers that only read it.

mod model;
mod redaction;
pub mod render;
mod schema;

pub use model::*;
pub use schema::schema;
