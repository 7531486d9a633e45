//! gate-kernels
