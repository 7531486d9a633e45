//! Checks of the area `failure`.

pub mod errors;
pub mod panics;
