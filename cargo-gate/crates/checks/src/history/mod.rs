//! Checks of the area `history`.

pub mod consistent;
