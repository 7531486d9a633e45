//! Checks of the area `toolchain`.

mod channel;

pub mod consumers;
pub mod floor;
pub mod matches;
pub mod msrv;
pub mod pinned;
pub mod policy;
