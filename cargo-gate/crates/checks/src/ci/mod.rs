//! Checks of the area `ci`.

mod pipelines;

pub mod actions_pinned;
pub mod gate_wired;
pub mod locked;
pub mod matrix;
