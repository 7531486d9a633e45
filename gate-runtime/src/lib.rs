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
//! [`rails`] decide from [`window`]s of calls which backend serves.

pub mod executor;
pub mod rails;
mod status;
pub mod window;

pub use status::{ParseStatusError, Status, UnknownStatus};
