//! Checks of the area `claims`.

pub mod evidence;
