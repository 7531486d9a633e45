//! What executes kernels.

pub(crate) mod cpu;
pub mod cuda;
