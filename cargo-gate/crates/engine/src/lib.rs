//! The engine: plans, decides reuse by fingerprint, runs checks and suites, emits events. It alone starts processes.

pub mod affected;
pub mod evaluate;
pub mod fingerprint;
pub mod fix;
pub mod inputs;
pub mod notify;
pub mod plan;
mod run;
pub mod verdict;

/// Version of the tool; part of every fingerprint, so that evidence never outlives the rule that made it.
pub const TOOL_VERSION: &str = env!("CARGO_PKG_VERSION");
