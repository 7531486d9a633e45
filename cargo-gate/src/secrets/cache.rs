//! Scan results by digest.
