//! Both sides, read from files.

use std::io;
use std::path::PathBuf;

use rayon::prelude::*;

use super::index::{Index, Scratch};
use super::normal::Normal;
use super::overlap::{Match, Overlap};
use crate::rows::{Batch, Rows, Text};

/// The files of one side, with what they are called in reports.
pub(crate) type Side = [(String, PathBuf)];

/// Batches that are held at once, for each thread: what bounds the memory of the training side.
const HELD: usize = 2;

fn opened(name: &str, path: &std::path::Path) -> Result<Rows, String> {
    Rows::open(path).map_err(|error| format!("`{name}`: {}", error.message))
}

fn unreadable(name: &str) -> impl Fn(io::Error) -> String {
    move |error| format!("`{name}` cannot be read on: {error}")
}

fn broken(name: &str, (row, why): (u64, String)) -> String {
    format!("`{name}` row {row} cannot be read: {why}")
}

/// Indexes the evaluation side, and counts the rows without text.
///
/// # Errors
/// The first row that cannot be read, in a sentence.
pub(crate) fn index(side: &Side) -> Result<(Index, u64), String> {
    let mut without = 0;
    let mut items = Vec::new();
    let mut normal = Normal::default();
    let mut text = Text::default();
    for (eval, (name, path)) in (0_u32..).zip(side) {
        let mut rows = opened(name, path)?;
        while let Some(batch) = rows.batch().map_err(unreadable(name))? {
            let each = batch.each(&mut text, |row, text| {
                normal.read(text);
                match Index::item(eval, row, &normal) {
                    Some(item) => items.push(item),
                    None => without += 1,
                }
            });
            each.map_err(|error| broken(name, error))?;
        }
    }
    Ok((Index::new(items), without))
}

/// Which part of the training side is read: this many of so many, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// The part, from 1.
    pub part: u64,
    /// How many there are.
    pub of: u64,
}

/// Streams the training side past the index, on all cores.
///
/// # Errors
/// The first row that cannot be read, in a sentence.
pub(crate) fn scan(index: &Index, side: &Side) -> Result<Overlap, String> {
    scan_shard(index, side, Shard { part: 1, of: 1 })
}

/// As [`scan`], but for a part of the rows only. The parts of the same files add up to the whole, with
/// [`Overlap::merge`].
///
/// # Errors
/// The first row that cannot be read, in a sentence.
pub(crate) fn scan_shard(index: &Index, side: &Side, shard: Shard) -> Result<Overlap, String> {
    let held = rayon::current_num_threads() * HELD;
    let mut whole = Overlap::default();
    let mut number = 0_u64;
    for (train, (name, path)) in (0_u32..).zip(side) {
        let mut rows = opened(name, path)?;
        let mut ended = false;
        while !ended {
            let mut batches = Vec::with_capacity(held);
            while batches.len() < held {
                let Some(batch) = rows.batch().map_err(unreadable(name))? else {
                    ended = true;
                    break;
                };
                if number % shard.of == shard.part - 1 {
                    batches.push(batch);
                }
                number += 1;
            }
            let parts: Vec<_> = batches.par_iter().map(|batch| part(index, train, batch)).collect();
            for found in parts {
                whole.merge(found.map_err(|error| broken(name, error))?);
            }
        }
    }
    whole.tidy();
    Ok(whole)
}

fn part(index: &Index, train: u32, batch: &Batch) -> Result<Overlap, (u64, String)> {
    let mut overlap = Overlap::default();
    let mut normal = Normal::default();
    let mut scratch = Scratch::default();
    let (mut rows, mut without) = (0, 0);
    batch.each(&mut Text::default(), |train_row, text| {
        rows += 1;
        normal.read(text);
        without += u64::from(normal.text.is_empty());
        index.find(&normal, &mut scratch, |item, kind, share| {
            let with = index.get(item);
            let found = Match {
                train,
                train_row,
                eval: with.eval,
                eval_row: with.row,
                kind,
                share,
            };
            overlap.add(item, found);
        });
    })?;
    overlap.train_rows = rows;
    overlap.train_rows_without_text = without;
    overlap.tidy();
    Ok(overlap)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contamination::Kind;

    fn side(folder: &std::path::Path, name: &str, rows: impl Iterator<Item = String>) -> Vec<(String, PathBuf)> {
        let path = folder.join(name);
        let text: String = rows.map(|text| format!("{{\"text\":\"{text}\"}}\n")).collect();
        std::fs::write(&path, text).expect("written");
        vec![(name.to_owned(), path)]
    }

    fn sentence(at: usize) -> String {
        let word = |word: usize| (at * 20 + word) as u64;
        (0..20)
            .map(|at| format!("{:x}", word(at).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn shards_add_up_to_the_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let eval = side(folder.path(), "eval.jsonl", (0..50).map(|at| sentence(at * 400)));
        let train = side(folder.path(), "train.jsonl", (0..40_000).map(sentence));
        let (index, _) = index(&eval).expect("indexed");
        let whole = scan(&index, &train).expect("scanned");
        assert_eq!(whole.count(Kind::Exact), 50);
        assert_eq!(whole.train_rows, 40_000);
        let mut merged = Overlap::default();
        for part in [3, 1, 2] {
            merged.merge(scan_shard(&index, &train, Shard { part, of: 3 }).expect("scanned"));
        }
        assert_eq!(merged, whole);
    }

    #[test]
    fn a_row_that_cannot_be_read_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("train.jsonl");
        std::fs::write(&path, "{\"text\":\"a\"}\nnonsense\n").expect("written");
        let error = scan(&Index::default(), &[("train.jsonl".into(), path)]).expect_err("nonsense");
        assert!(error.starts_with("`train.jsonl` row 2 cannot be read: "), "{error}");
    }
}
