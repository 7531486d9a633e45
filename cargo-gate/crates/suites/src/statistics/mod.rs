//! Tests and bounds that judge counts: pure functions, without state, clock or randomness. They know nothing of suites.

pub mod binomial;
pub mod dispersion;
pub mod holm;
