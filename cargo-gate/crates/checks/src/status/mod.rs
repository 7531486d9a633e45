//! Checks of the area `status`.

pub mod checkboxes;
pub mod drift;
