//! Checks of the area `changelog`.

pub mod current;
