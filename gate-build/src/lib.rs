//! gate-build
