//! Readers of measurements: text in, cells and counters out. What a reader does not understand is a problem with its line, never
//! passed over.

pub mod decisions;
pub mod lines;
pub mod openmetrics;
pub mod run_stats;

use gate_policy::SloFormat;

use super::cell::Reading;

/// Reads a text in this format.
pub fn read(format: SloFormat, text: &str) -> Reading {
    match format {
        SloFormat::Lines => lines::read(text),
        SloFormat::Openmetrics => openmetrics::read(text),
        SloFormat::DecisionLog => decisions::read(text),
        SloFormat::RunStats => run_stats::read(text),
    }
}
