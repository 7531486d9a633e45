//! Whether what a model is evaluated on was in what it learned from: the same text, nearly the same, an excerpt, or the same
//! question with another answer.
//!
//! The evaluation side is indexed and held in memory; the training side is streamed. Candidates come from windows of twelve
//! bytes of the normalised text, a quarter of which is kept, chosen by their hashes, so that both sides keep the same ones: a
//! sketch in the manner of MinHash (Broder, 1997) that keeps a share of the text, not a number of places (Hera, Pierce-Ward and Koslicki, 2023), and
//! therefore also finds a short text inside a long one. Every candidate is then compared exactly.

mod compare;
mod index;
mod normal;
mod overlap;
mod part;
mod scan;

pub use overlap::{Kind, Match, Overlap};
pub(crate) use part::merged;
pub use part::{MOST, Part};
pub use scan::Shard;
pub(crate) use scan::{index, scan, scan_shard};

use std::path::PathBuf;

use gate_base::error::{Error, Result};

/// What the files of both sides have in common: JSON lines or tables, plain or compressed. The evaluation side is held in memory, the
/// training side is streamed; shards of the same files add up with [`Overlap::merge`].
///
/// # Errors
/// A format is not known, or a row cannot be read (usage); the message names it.
pub fn overlap(train: &[PathBuf], eval: &[PathBuf], shard: Shard) -> Result<Overlap> {
    let named = |files: &[PathBuf]| {
        files
            .iter()
            .map(|path| (path.to_string_lossy().into_owned(), path.clone()))
            .collect::<Vec<_>>()
    };
    let (indexed, _) = index(&named(eval)).map_err(Error::usage)?;
    scan::scan_shard(&indexed, &named(train), shard).map_err(Error::usage)
}
