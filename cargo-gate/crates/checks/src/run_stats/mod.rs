//! Checks of the area `run-stats`.

pub mod valid;
