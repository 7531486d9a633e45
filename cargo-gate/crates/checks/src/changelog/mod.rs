//! Checks of the area `changelog`.

pub mod current;
pub mod entries;
