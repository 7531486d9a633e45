//! Checks of the area `status`.

pub mod drift;
