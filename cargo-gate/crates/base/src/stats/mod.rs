//! The statistics that judge measurements: pure functions of samples, without state, clock or true randomness, so that
//! the same samples always get the same answer.

mod bootstrap;
mod holm;
mod order;
mod random;
mod signed_rank;

pub use bootstrap::{Interval, interval_of_median, interval_of_ratio};
pub use holm::holm;
pub use order::{median, median_absolute_deviation, quantile};
pub use random::SplitMix64;
pub use signed_rank::{Shift, SignedRank};
