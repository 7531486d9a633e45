//! Facts about the workspace under its policy.

pub mod authority;
pub mod boundary_inventory;
