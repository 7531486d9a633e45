//! Checks of the area `api`.

pub mod deprecations;
pub mod stability;
