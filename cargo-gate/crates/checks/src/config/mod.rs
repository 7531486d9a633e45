//! Checks of the area `config`.

pub mod sanity;
