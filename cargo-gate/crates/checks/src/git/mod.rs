//! Checks of the area `git`.

pub mod clean;
