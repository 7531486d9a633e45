//! The statistics that judge measurements: pure functions of samples, without state, clock or true randomness, so that
//! the same samples always get the same answer.

mod bootstrap;
mod order;
mod random;

pub use bootstrap::{Interval, interval_of_median, interval_of_ratio};
pub use order::{median, median_absolute_deviation};
