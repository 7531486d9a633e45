//! Checks of the area `redaction`.

pub mod audit;
