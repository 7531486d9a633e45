//! Checks of the area `waiver`.

pub mod authority;
pub mod valid;
