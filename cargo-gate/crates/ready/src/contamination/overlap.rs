//! What was found in common.

use serde::{Deserialize, Serialize};

/// How much two rows have in common, from most to least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The same text.
    Exact,
    /// Nearly the same text.
    Near,
    /// The evaluated text stands in a longer one.
    Excerpt,
    /// The same question with another answer.
    Prompt,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 4] = [Kind::Exact, Kind::Near, Kind::Excerpt, Kind::Prompt];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Exact => "exact",
            Kind::Near => "near",
            Kind::Excerpt => "excerpt",
            Kind::Prompt => "prompt",
        }
    }
}

/// One row of the training side that has something in common with one of the evaluation side. No text of either is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// Number of the training file, in the order in which the files were given.
    pub train: u32,
    /// Row of the training file, from 1.
    pub train_row: u64,
    /// Number of the evaluation file.
    pub eval: u32,
    /// Row of the evaluation file, from 1.
    pub eval_row: u64,
    /// How much they have in common.
    pub kind: Kind,
    /// The share: of 3-grams for `near`, of runs of words for `excerpt`; 1 otherwise.
    #[serde(with = "exact")]
    pub share: f64,
}

impl Match {
    fn place(&self) -> (u32, u64, u32, u64) {
        (self.train, self.train_row, self.eval, self.eval_row)
    }
}

/// Most matches that are named; the others are counted.
const NAMED: usize = 100;

/// What two sides have in common. Parts of a scan add up to the whole, in any order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Overlap {
    /// Rows of the training side that were read.
    pub train_rows: u64,
    /// Those of them that have no text, so that nothing was compared.
    pub train_rows_without_text: u64,
    /// Matches by kind, in the order of [`Kind::ALL`].
    pub counts: [u64; 4],
    /// Evaluated items that have a match, by number, in ascending order.
    pub items: Vec<u32>,
    /// The highest share of 3-grams among near matches.
    #[serde(with = "exact")]
    pub nearest: f64,
    /// The first matches by place.
    pub named: Vec<Match>,
}

/// A share as the bits of its number: as decimal digits it would come back as another one.
mod exact {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(share: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(share.to_bits())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        let share = f64::from_bits(u64::deserialize(from)?);
        if (0.0..=1.0).contains(&share) {
            Ok(share)
        } else {
            Err(D::Error::custom("a share is a number from 0 to 1"))
        }
    }
}

impl Overlap {
    /// Whether every match is of one of so many files on each side.
    pub(crate) fn is_of(&self, train: usize, eval: usize) -> bool {
        let mut named = self.named.iter();
        named.all(|found| (found.train as usize) < train && (found.eval as usize) < eval)
    }

    /// Adds a match with the item of this number.
    pub(crate) fn add(&mut self, item: u32, found: Match) {
        self.counts[found.kind as usize] += 1;
        if found.kind == Kind::Near {
            self.nearest = self.nearest.max(found.share);
        }
        self.items.push(item);
        self.named.push(found);
        if self.named.len() > 4 * NAMED {
            self.tidy();
        }
    }

    /// Adds what another part of the scan found.
    pub fn merge(&mut self, other: Overlap) {
        self.train_rows += other.train_rows;
        self.train_rows_without_text += other.train_rows_without_text;
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.nearest = self.nearest.max(other.nearest);
        self.items.extend(other.items);
        self.named.extend(other.named);
        self.tidy();
    }

    /// Matches of a kind.
    pub fn count(&self, kind: Kind) -> u64 {
        self.counts[kind as usize]
    }

    /// Sorts, and forgets what is not named.
    pub(crate) fn tidy(&mut self) {
        self.items.sort_unstable();
        self.items.dedup();
        self.named.sort_by_key(Match::place);
        self.named.truncate(NAMED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(train_row: u64, kind: Kind) -> Match {
        Match {
            train: 0,
            train_row,
            eval: 0,
            eval_row: train_row % 7,
            kind,
            share: 0.8,
        }
    }

    proptest! {
        #[test]
        fn parts_add_up_in_any_order(rows in proptest::collection::vec((0..2000_u64, 0..4_usize), 0..900), cut in 0..900_usize) {
            let mut rows = rows;
            rows.sort_unstable();
            rows.dedup_by_key(|(row, _)| *row);
            let of = |rows: &[(u64, usize)]| {
                let mut overlap = Overlap { train_rows: rows.len() as u64, ..Overlap::default() };
                for (row, kind) in rows {
                    overlap.add((row % 7) as u32, found(*row, Kind::ALL[*kind]));
                }
                overlap.tidy();
                overlap
            };
            let (left, right) = rows.split_at(cut.min(rows.len()));
            let whole = of(&rows);
            let mut merged = of(right);
            merged.merge(of(left));
            prop_assert_eq!(merged, whole);
        }
    }
}
