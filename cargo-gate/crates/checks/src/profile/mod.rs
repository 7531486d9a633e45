//! Checks of the area `profile`.

pub mod release;
pub mod tier;
