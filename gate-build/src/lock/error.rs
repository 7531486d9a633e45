//! Why a text is not read as a kernel lock.

use std::fmt;

/// Why a text is not read as a kernel lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for LockError {}
