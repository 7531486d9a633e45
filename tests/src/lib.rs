//! What the whole-program tests are written with: fixture workspaces, and the harness that runs the binary.

pub mod fixture;
pub mod harness;
pub mod keys;
pub mod planted;
