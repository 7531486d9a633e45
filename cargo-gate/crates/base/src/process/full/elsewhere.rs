//! As on Linux, where the limits of another process can be changed.

use std::io;

/// Starts it.
///
/// # Errors
/// None here.
pub fn prepared<T>(start: impl FnOnce() -> T) -> io::Result<T> {
    Ok(start())
}

/// A process that cannot be limited here.
#[derive(Debug)]
pub struct Full(());

impl Full {
    /// Limits nothing.
    ///
    /// # Errors
    /// Always.
    pub fn begin(_: u32) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// How many processes can write nothing.
    ///
    /// # Errors
    /// Always.
    pub fn holds(&self) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Nothing to give back.
    ///
    /// # Errors
    /// None here.
    pub fn end(self) -> io::Result<()> {
        Ok(())
    }
}
