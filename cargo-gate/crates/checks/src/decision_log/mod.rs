//! Checks of the area `decision-log`.

pub mod valid;
