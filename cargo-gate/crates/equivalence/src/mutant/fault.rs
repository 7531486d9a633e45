//! An output with a fault.

use crate::output::Output;

/// A fault that was put into an output.
#[derive(Debug, Clone, PartialEq)]
pub struct Mutant {
    /// The fault in words: ``row 3 dropped``.
    pub name: String,
    /// The output with the fault.
    pub output: Output,
}
