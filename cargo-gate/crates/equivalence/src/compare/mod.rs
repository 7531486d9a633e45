//! Compares two outputs: what differs, where, and by how much.

mod matching;
mod order;
mod rows;
mod tensors;

pub(crate) use rows::float_bits;

use crate::output::Output;
use crate::rule::Rules;

/// Differences that are kept with their place.
const KEPT: usize = 5;

/// One thing in which outputs differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where: ``row 3, column `total` `` or ``tensor `data` at [1, 0]``.
    pub place: String,
    /// What the reference has there.
    pub expected: String,
    /// What the other has there.
    pub found: String,
}

impl Difference {
    pub(crate) fn new(place: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// What a comparison showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// Number of differences that were counted. 0 means that the outputs are the same under the rules.
    pub count: u64,
    /// The first of them.
    pub first: Vec<Difference>,
    /// The largest distance of two finite floating-point numbers in units in the last place, within a tolerance or not.
    pub max_ulp: Option<u64>,
}

impl Compared {
    /// Whether nothing differs.
    pub fn is_same(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn differ(&mut self, difference: impl FnOnce() -> Difference) {
        self.count += 1;
        if self.first.len() < KEPT {
            self.first.push(difference());
        }
    }

    pub(crate) fn apart(&mut self, ulp: Option<u64>) {
        self.max_ulp = self.max_ulp.max(ulp);
    }
}

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
