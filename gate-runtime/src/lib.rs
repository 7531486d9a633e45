//! gate-runtime
