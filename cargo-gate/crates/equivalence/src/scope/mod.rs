//! The scope: axes with their values, the cells that are made of them, and what leaves cells out.

mod cover;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::JsonSchema;
use gate_base::digest::Sha256;
use serde::{Deserialize, Serialize};

pub use cover::{Cover, TooLarge, cover};

/// A value of an axis: a number or a word.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AxisValue {
    /// A number, such as a size.
    Number(i64),
    /// A word, such as the name of a type.
    Word(String),
}

impl fmt::Display for AxisValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AxisValue::Number(number) => write!(f, "{number}"),
            AxisValue::Word(word) => f.write_str(word),
        }
    }
}

/// One value, or several of which any will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMore {
    /// Exactly this one.
    One(AxisValue),
    /// Any of these.
    Any(Vec<AxisValue>),
}

impl OneOrMore {
    /// The values.
    pub fn values(&self) -> &[AxisValue] {
        match self {
            OneOrMore::One(value) => std::slice::from_ref(value),
            OneOrMore::Any(values) => values,
        }
    }
}

/// Some values of some axes: what it does not name may have any value.
pub type Part = BTreeMap<String, OneOrMore>;

/// A dimension along which implementations could differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Axis {
    /// Its name, which is the placeholder in commands.
    pub name: String,
    /// Its values in declared order.
    pub values: Vec<AxisValue>,
}

/// A value for each axis, in the order of the axes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell(pub Vec<usize>);

/// Axes, how strongly their values are combined, cells that always run, and cells that never do.
#[derive(Debug, Clone, Serialize)]
pub struct Scope {
    /// Version of the content: whoever changes that, raises this.
    pub version: u64,
    /// The axes.
    pub axes: Vec<Axis>,
    /// How many axes are combined completely: each combination of values of so many axes is in some cell.
    pub strength: usize,
    /// Cells, or parts of them, that always run.
    pub corners: Vec<Part>,
    /// Parts that are left out.
    pub excluded: Vec<Part>,
}

impl Scope {
    /// Digest of the content without the version: SHA-256 over the axes, the strength, the corners and what is left out.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::default();
        let content = (&self.axes, self.strength, &self.corners, &self.excluded);
        hash.update(&serde_json::to_vec(&content).unwrap_or_default());
        hash.to_hex()
    }

    /// The value that a cell has on an axis.
    pub fn value(&self, cell: &Cell, axis: usize) -> &AxisValue {
        &self.axes[axis].values[cell.0[axis]]
    }

    /// Names and values of a cell, in the order of the axes.
    pub fn values<'a>(&'a self, cell: &'a Cell) -> impl Iterator<Item = (&'a str, &'a AxisValue)> {
        let axes = self.axes.iter().zip(&cell.0);
        axes.map(|(axis, at)| (axis.name.as_str(), &axis.values[*at]))
    }

    /// A cell in words: `size=0,dtype=f32`.
    pub fn name(&self, cell: &Cell) -> String {
        let parts: Vec<String> = self
            .values(cell)
            .map(|(axis, value)| format!("{axis}={value}"))
            .collect();
        parts.join(",")
    }

    /// Whether a cell has the values of a part.
    pub fn matches(&self, part: &Part, cell: &Cell) -> bool {
        let mut values = self.values(cell);
        values.all(|(axis, value)| part.get(axis).is_none_or(|wanted| wanted.values().contains(value)))
    }

    /// What is left out that covers this cell, by its place in `excluded`.
    pub fn excluded(&self, cell: &Cell) -> Option<usize> {
        self.excluded.iter().position(|part| self.matches(part, cell))
    }

    /// What these cells show and nothing more: for each axis the values that occur, in declared order.
    pub fn envelope<'a>(&self, cells: impl Iterator<Item = &'a Cell>) -> Vec<(String, Vec<String>)> {
        let mut seen: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); self.axes.len()];
        for cell in cells {
            for (seen, value) in seen.iter_mut().zip(&cell.0) {
                seen.insert(*value);
            }
        }
        let axes = self.axes.iter().zip(seen);
        axes.map(|(axis, seen)| {
            let values = seen.into_iter().map(|at| axis.values[at].to_string());
            (axis.name.clone(), values.collect())
        })
        .collect()
    }
}

#[cfg(test)]
mod tests;
