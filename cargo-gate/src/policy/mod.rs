//! The policy: `gate.toml`, raw and then validated, all errors collected with their positions.

mod model;

pub use model::*;
