//! Mutants of an output: each has one fault, and a comparison that does not find it shows nothing about the faults of that kind.

mod beyond;
mod fault;
mod rows;
mod tensors;

pub use fault::Mutant;

use crate::compare::compare;
use crate::output::Output;
use crate::rule::Rules;

/// What a comparison finds of the faults that it should find.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Score {
    /// Mutants that were compared.
    pub made: u64,
    /// Mutants that were found to differ.
    pub killed: u64,
    /// The faults of those that were not.
    pub survivors: Vec<String>,
}

impl Score {
    /// Whether the comparison was seen to fail, and missed nothing.
    pub fn is_complete(&self) -> bool {
        self.made > 0 && self.killed == self.made
    }

    /// Both together.
    pub fn add(&mut self, other: Score) {
        self.made += other.made;
        self.killed += other.killed;
        self.survivors.extend(other.survivors);
    }
}

/// Compares the output of a reference with itself, and then with each of its mutants.
///
/// # Errors
/// The comparison cannot be made, or the output differs from itself.
pub fn score(rules: &Rules, reference: &Output) -> Result<Score, String> {
    // The comparison of a part takes the same way as that of the whole.
    let part = match reference {
        Output::Rows(table) => Output::Rows(rows::part(table)),
        Output::Tensors(list) => Output::Tensors(list.iter().map(tensors::part).collect()),
    };
    for output in [reference, &part] {
        let itself = compare(rules, output, output)?;
        if let Some(first) = itself.first.first() {
            return Err(format!(
                "the reference differs from itself in {}: {} is not {}",
                first.place, first.found, first.expected
            ));
        }
    }
    let mut score = Score::default();
    for mutant in mutants(rules, &part) {
        score.made += 1;
        if compare(rules, &mutant.output, &part)?.is_same() {
            score.survivors.push(mutant.name);
        } else {
            score.killed += 1;
        }
    }
    Ok(score)
}

/// Every mutant that the rules should find.
pub fn mutants(rules: &Rules, reference: &Output) -> Vec<Mutant> {
    match reference {
        Output::Rows(table) => rows::mutants(rules, table),
        Output::Tensors(list) => tensors::mutants(rules, list),
    }
}

#[cfg(test)]
mod tests;
