//! The statistics that judge measurements: pure functions of samples, without state, clock or true randomness, so that
//! the same samples always get the same answer.

pub mod binomial;
pub mod dispersion;
mod holm;
mod order;
mod random;
pub mod sequential;
mod signed_rank;

pub use holm::holm;
pub use order::{bounds_of_median, median, median_absolute_deviation, quantile};
pub use random::SplitMix64;
pub use signed_rank::{Shift, SignedRank};
