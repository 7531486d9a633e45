//! What the whole-program tests are written with: the harness that runs the binary.

pub mod harness;
