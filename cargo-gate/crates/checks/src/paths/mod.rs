//! Checks of the area `paths`.

pub mod local;
