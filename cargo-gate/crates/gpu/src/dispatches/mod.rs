//! What the records of a run of kernels say of its dispatches: which backend ran and why, which guard missed, which rail
//! tripped, with which fingerprint.
//!
//! `decision-log.valid` leaves a [`Summary`] of each declared log in the run directory, so that an incident can be explained
//! from the artifacts of a run alone; `cargo gate explain` makes the same of a log.

mod summary;

pub use summary::{Event, Group, RailStep, Summary, reason};

/// Directory below a run's own where records of kernels are kept.
pub const DIRECTORY: &str = "dispatches";

/// Path below the run directory of what the `index`-th declared decision log says, counted from 1.
pub fn summary_path(index: usize) -> String {
    format!("{DIRECTORY}/decision-log-{index}.json")
}

/// Path below the run directory of the `index`-th declared run stats, counted from 1; they are kept as they are.
pub fn stats_path(index: usize) -> String {
    format!("{DIRECTORY}/run-stats-{index}.json")
}
