//! Checks of the area `register`.

pub mod criticals;
