//! Checks of the area `stage`.

pub mod contract;
pub mod predecessor;
