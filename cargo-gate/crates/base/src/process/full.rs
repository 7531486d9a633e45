//! Processes that can write no byte to a file, as on a full disk.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
pub use elsewhere::{Full, prepared};
#[cfg(target_os = "linux")]
pub use linux::{Full, prepared};

/// Whether this system can do it.
pub const POSSIBLE: bool = cfg!(target_os = "linux");
