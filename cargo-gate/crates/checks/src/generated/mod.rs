//! Checks of the area `generated`.

pub mod declared;
pub mod mark;
