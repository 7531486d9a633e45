//! Checks of the area `warnings`.

pub mod reviewed;
