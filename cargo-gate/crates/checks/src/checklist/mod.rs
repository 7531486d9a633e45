//! Checks of the area `checklist`.

pub mod stage;
