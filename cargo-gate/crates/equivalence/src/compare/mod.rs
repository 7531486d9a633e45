//! Compares two outputs: what differs, where, and by how much.

mod block;
mod difference;
mod matching;
mod order;
mod rows;
mod tensors;

pub use difference::{Compared, Difference};
pub(crate) use rows::float_bits;

use crate::output::Output;
use crate::rule::Rules;

/// Compares what was found with what a reference gave.
///
/// # Errors
/// The comparison cannot be made: the reference lacks a magnitude, rows are too many to be matched. The text says what is missing.
pub fn compare(rules: &Rules, found: &Output, expected: &Output) -> Result<Compared, String> {
    match (found, expected) {
        (Output::Rows(found), Output::Rows(expected)) => rows::compare(rules, found, expected),
        (Output::Tensors(found), Output::Tensors(expected)) => tensors::compare(rules, found, expected),
        (found, expected) => {
            let mut compared = Compared::default();
            let word = |output: &Output| match output {
                Output::Rows(_) => "rows",
                Output::Tensors(_) => "tensors",
            };
            compared.differ(|| Difference::new("the output", word(found), word(expected)));
            Ok(compared)
        }
    }
}

#[cfg(test)]
mod tests;
