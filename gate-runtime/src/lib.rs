//! The status contract of gated kernels: five outcomes whose numbers and names never change.
//!
//! A [`Status`] crosses borders that Rust's types do not: a C interface, a log line, a manifest written by another
//! version. So its numbers and names are frozen, and a number that is not one of them is [`UnknownStatus`], which
//! prints `UNKNOWN` and is never taken for success.
//!
//! ```
//! use gate_runtime::Status;
//!
//! assert_eq!(Status::InvalidArgument.code(), 1);
//! assert_eq!(Status::try_from(4), Ok(Status::RuntimeFailed));
//! assert_eq!(Status::name_of(17), "UNKNOWN");
//! ```
//!
//! The crate needs neither `std` nor an allocator. Dispatch with guards, fallback and rails is not part of it yet.

#![no_std]

mod status;

pub use status::{ParseStatusError, Status, UnknownStatus};
