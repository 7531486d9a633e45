//! GPU kernels of a workspace: their locks, what records say of their dispatches, and the remote store.

pub mod dispatches;
pub mod kernels;
pub mod remote;
