//! Verification of run directories and of the history.
