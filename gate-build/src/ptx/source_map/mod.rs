//! The source map of a PTX text: which line of which source a line of PTX was made from, and back.
//!
//! Compilers write it where they are asked for line information (`-lineinfo`, `-gline-directives-only`, `-Cdebuginfo=1`): `.file` gives a source a number,
//! `.loc` states the place of the instructions behind it. Both are directives of the *Parallel Thread Execution ISA* by NVIDIA, chapter "Debugging
//! directives". Every line of the text has a [`Position`], or a [`NoPosition`] of a closed list that says why not; nothing is guessed.
//!
//! Paths in a source map are relative to one of the [`Roots`](crate::ptx::Roots) and written with `/`. A source outside of them (a header of the toolkit, the standard library) has no
//! path here, because its place says something about one machine only: [`NoPosition::ForeignFile`].

mod position;
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

pub use position::{NoPosition, Position};

/// Which line of which source each line of a PTX text was made from.
///
/// ```
/// use gate_build::ptx::source_map::{NoPosition, SourceMap};
/// use gate_build::ptx::Roots;
///
/// let ptx = ".version 8.0\n.target sm_80\n.entry k()\n{\n.loc 1 3 5\nret;\n}\n.file 1 \"/src/app/kernels/k.cu\"\n";
/// let map = SourceMap::parse(ptx, &Roots::new(["/src/app"])).unwrap();
/// assert_eq!(map.position(6).unwrap().to_string(), "kernels/k.cu:3:5");
/// assert_eq!(map.position(1), Err(NoPosition::NoInstruction));
/// assert_eq!(map.lines("kernels/k.cu", 3), Ok(vec![5..=6]));
/// assert_eq!(map.lines("kernels/k.cu", 4), Err(NoPosition::NoCode));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceMap {
    /// Of each line in its order: which of the positions, or why none.
    lines: Vec<Result<usize, NoPosition>>,
    /// Every position once.
    positions: Vec<Position>,
    /// Which of the lines are instructions.
    instructions: BTreeSet<usize>,
    /// Entries with the lines of their bodies, both counted from 1, in the order of the text.
    entries: Vec<(String, RangeInclusive<usize>)>,
}

/// How much of an entry is mapped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Lines with instructions that have a position.
    pub mapped: usize,
    /// Lines with instructions that have none, by the reason.
    pub unmapped: BTreeMap<NoPosition, usize>,
}

impl SourceMap {
    /// The place that a line of the PTX, counted from 1, was made from.
    ///
    /// # Errors
    /// Why there is none.
    pub fn position(&self, line: usize) -> Result<&Position, NoPosition> {
        let found = line.checked_sub(1).and_then(|index| self.lines.get(index));
        match *found.unwrap_or(&Err(NoPosition::NoSuchLine)) {
            Ok(at) => self.positions.get(at).ok_or(NoPosition::NoSuchLine),
            Err(reason) => Err(reason),
        }
    }

    /// The lines of PTX, counted from 1, that a line of a source became, as ranges in ascending order. Code that was inlined counts for its
    /// own line and for that of the call. The path is relative to a root, with `/`.
    ///
    /// # Errors
    /// No instruction was made from that file ([`NoPosition::UnknownFile`]), or none from that line ([`NoPosition::NoCode`]).
    pub fn lines(&self, file: &str, line: u32) -> Result<Vec<RangeInclusive<usize>>, NoPosition> {
        let mut known = false;
        let mut wanted = vec![false; self.positions.len()];
        for (position, wanted) in self.positions.iter().zip(&mut wanted) {
            for place in std::iter::successors(Some(position), |place| place.inlined_at.as_deref()) {
                known |= place.file == file;
                *wanted |= place.file == file && place.line == line;
            }
        }
        if !known {
            return Err(NoPosition::UnknownFile);
        }
        let mut ranges: Vec<RangeInclusive<usize>> = Vec::new();
        for (index, mapped) in self.lines.iter().enumerate() {
            if mapped.is_ok_and(|at| wanted.get(at) == Some(&true)) {
                match ranges.last_mut() {
                    Some(range) if *range.end() == index => *range = *range.start()..=index + 1,
                    _ => ranges.push(index + 1..=index + 1),
                }
            }
        }
        if ranges.is_empty() {
            return Err(NoPosition::NoCode);
        }
        Ok(ranges)
    }

    /// The sources that instructions were made from, sorted.
    #[must_use]
    pub fn files(&self) -> BTreeSet<&str> {
        let mut files = BTreeSet::new();
        for position in &self.positions {
            for place in std::iter::successors(Some(position), |place| place.inlined_at.as_deref()) {
                files.insert(place.file.as_str());
            }
        }
        files
    }

    /// Every line with its position or the reason why there is none, from line 1.
    pub fn iter(&self) -> impl Iterator<Item = Result<&Position, NoPosition>> {
        (1..=self.lines.len()).map(|line| self.position(line))
    }

    /// How much of each entry is mapped, in the order of the text. Functions that entries call are not counted.
    #[must_use]
    pub fn coverage(&self) -> Vec<(&str, Coverage)> {
        let entries = self.entries.iter().map(|(name, body)| {
            let mut coverage = Coverage::default();
            for line in self.instructions.range(body.clone()) {
                match self.position(*line) {
                    Ok(_) => coverage.mapped += 1,
                    Err(reason) => *coverage.unmapped.entry(reason).or_default() += 1,
                }
            }
            (name.as_str(), coverage)
        });
        entries.collect()
    }
}
