//! Checks of the area `boundary`.

pub mod inventory;
pub mod raw;
pub mod safety;
