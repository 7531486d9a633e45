//! Checks of the area `owners`.

pub mod declared;
