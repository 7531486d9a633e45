//! Checks of the area `ci`.

mod pins;
mod pipelines;
mod trust;

pub mod actions_pinned;
pub mod gate_wired;
pub mod locked;
pub mod matrix;

#[cfg(test)]
mod tests;
