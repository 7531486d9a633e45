//! Checks of the area `environment`.

pub mod clean;
