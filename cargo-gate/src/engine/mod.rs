//! The engine: plans, decides reuse by fingerprint, runs checks and suites, emits events. It alone starts processes.

pub mod cancel;
pub mod event;
pub mod process;
