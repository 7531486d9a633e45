//! Checks of the area `release`.

pub mod manifest;
