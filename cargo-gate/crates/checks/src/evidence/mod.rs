//! Checks of the area `evidence`.

pub mod age;
