//! Kernels in safe, portable Rust with checked arguments.
//!
//! A kernel refuses bad arguments with a [`gate_runtime::Status`] before it writes anything: after any status but
//! [`Ok`](gate_runtime::Status::Ok) its outputs are what they were. The kernels run on the CPU; there is no GPU half
//! yet.

#![no_std]

mod histogram;

pub use histogram::{BINS, histogram_u8};
