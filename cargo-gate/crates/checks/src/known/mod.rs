//! Checks on what was there when the gate was adopted.

pub mod findings;
pub mod ratchet;
