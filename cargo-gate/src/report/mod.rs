//! The report: a stable, versioned model and renderers that only read it.

mod model;
pub mod render;
mod schema;

pub use model::*;
pub use schema::schema;
