//! Checks of the area `stage`.

pub mod predecessor;
