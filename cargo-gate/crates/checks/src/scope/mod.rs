//! Checks of the area `scope`.

pub mod uses;
