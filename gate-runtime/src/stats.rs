//! Run stats: totals of a runtime, for monitors and for the gate.

mod counters;
mod histogram;

pub(crate) use counters::Counters;
