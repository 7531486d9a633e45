//! Run stats: totals of a runtime, for monitors and for the gate.
//!
//! They are counted apart from the decision log and are complete whatever happens to it, also after calls that failed.
//! [`RunStats::to_json`] is described by [`SCHEMA`] and read back by [`read`]; [`RunStats::to_text`] is for Prometheus and
//! OpenMetrics scrapers.

mod json;
pub mod read;
mod text;

use std::collections::BTreeMap;

use crate::control::ControlState;

pub use text::Exposition;

/// Version of the JSON form. Within one, fields are only added.
pub const SCHEMA_VERSION: u32 = 1;

/// JSON Schema of the JSON form.
pub const SCHEMA: &str = include_str!("../schema/run-stats.schema.json");

/// Totals of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunStats {
    /// The identity of the run.
    pub run_id: String,
    /// Label of the device, or of the processor where there is none.
    pub hw: String,
    /// Variables of the faults that were injected from the start.
    pub faults: Vec<String>,
    /// Calls of all kernels.
    pub calls: Calls,
    /// Calls whose output was found wrong after `OK` had been reported.
    pub silent_mismatch_count: u64,
    /// The state of the runtime's own switch.
    pub control: ControlState,
    /// What loading modules cost.
    pub compile: Compile,
    /// The decision log's own counts.
    pub decision_log: LogStats,
    /// Calls by the code of their outermost reason; only those that occurred.
    pub reasons: BTreeMap<String, u64>,
    /// Every registered kernel, ascending by name.
    pub kernels: Vec<KernelStats>,
}

/// Calls and how they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Calls {
    /// All of them: the sum of the next three.
    pub total: u64,
    /// Ended natively.
    pub native: u64,
    /// Ended on the CPU instead.
    pub fallback: u64,
    /// Ended in an error.
    pub error: u64,
    /// Of the errors, those that a guard refused.
    pub guard_miss: u64,
    /// Of the errors, those that did not keep the contract.
    pub contract_violation: u64,
}

/// What loading modules cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compile {
    /// Modules that the driver compiled.
    pub count: u64,
    /// Launches that found theirs loaded.
    pub cache_hit: u64,
    /// Loads that took longer than the budget.
    pub budget_exceeded: u64,
    /// Time spent loading, in nanoseconds.
    pub time_ns: u64,
}

/// The decision log's own counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogStats {
    /// Whether there is a log.
    pub enabled: bool,
    /// Lines that were written until the writer last rested.
    pub written: u64,
    /// Records that the writer could not follow.
    pub dropped: u64,
    /// Lines that could not be written.
    pub failed: u64,
    /// How often a new file was begun.
    pub rotations: u64,
}

/// One kernel.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelStats {
    /// Its name.
    pub kernel: String,
    /// Its fingerprint.
    pub fingerprint: u64,
    /// Its calls.
    pub calls: Calls,
    /// Latency of all its calls.
    pub latency: Latency,
}

/// Latency in nanoseconds. Quantiles are nearest ranks, at most a sixteenth above the true value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latency {
    /// Number of samples; all others are 0 without any.
    pub samples: u64,
    /// Sum of all samples.
    pub sum_ns: u64,
    /// Median.
    pub p50_ns: u64,
    /// 95th percentile.
    pub p95_ns: u64,
    /// 99th percentile.
    pub p99_ns: u64,
    /// The largest.
    pub max_ns: u64,
}

impl RunStats {
    /// How many modules were compiled per thousand calls that asked for the native backend and were not refused; 0 without
    /// such calls.
    #[must_use]
    pub fn recompiles_per_1k_calls(&self) -> f64 {
        match self.compile.cache_hit + self.compile.count {
            0 => 0.0,
            asked => self.compile.count as f64 * 1000.0 / asked as f64,
        }
    }
}
