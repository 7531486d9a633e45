//! A database: advisories out of the files that hold them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::civil::Date;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use gate_base::digest::sha256_hex;

use super::advisory::Advisory;
use super::contents::{Contents, Skipped};

/// Advisories as they were read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Every advisory that can be read, withdrawn ones included, sorted by id.
    pub advisories: Vec<Advisory>,
    /// Files that were left out, sorted by path.
    pub skipped: Vec<Skipped>,
    /// SHA-256 over the files, however they were packed: what
    /// `find crates rust -name '*.md' | LC_ALL=C sort | xargs sha256sum | sha256sum` prints at the top of a checkout.
    pub sha256: String,
    /// Day of the newest advisory.
    pub newest: Option<Date>,
    /// The commit it was made of, where that is known.
    pub commit: Option<Commit>,
}

/// A commit of the repository of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Full hash.
    pub id: String,
    /// Day on which it was made, in UTC.
    pub date: Date,
}

impl Database {
    /// Parses what an archive or a directory holds.
    pub(super) fn build(contents: Contents) -> Self {
        let Contents {
            mut entries,
            mut skipped,
        } = contents;
        entries.par_sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let hashes: Vec<String> = entries.par_iter().map(|entry| sha256_hex(&entry.bytes)).collect();
        let mut list = String::new();
        for (entry, hash) in entries.iter().zip(hashes) {
            let _ = writeln!(list, "{hash}  {}", entry.path);
        }
        let parsed: Vec<_> = entries
            .par_iter()
            .filter(|entry| !is_draft(&entry.path))
            .map(|entry| Advisory::parse(&entry.path, &entry.bytes).map_err(|why| Skipped::new(&entry.path, why)))
            .collect();
        let mut advisories = Vec::with_capacity(parsed.len());
        for parsed in parsed {
            match parsed {
                Ok(advisory) => advisories.push(advisory),
                Err(left_out) => skipped.push(left_out),
            }
        }
        advisories.sort_by(|a, b| (&a.id, &a.package).cmp(&(&b.id, &b.package)));
        skipped.sort();
        Self {
            newest: advisories.iter().map(|advisory| advisory.date).max(),
            advisories,
            skipped,
            sha256: sha256_hex(list.as_bytes()),
            commit: None,
        }
    }

    /// Up to which day it holds what was reported: the day of its commit, else that of its newest advisory.
    pub fn date(&self) -> Option<Date> {
        self.commit.as_ref().map(|commit| commit.date).max(self.newest)
    }

    /// Whether it has every advisory of another database.
    pub fn has_all_of(&self, other: &Self) -> bool {
        let keys = |database: &Self| -> BTreeSet<(String, String)> {
            let of = |one: &Advisory| (one.id.clone(), one.package.clone());
            database.advisories.iter().map(of).collect()
        };
        keys(self).is_superset(&keys(other))
    }

    /// Whether more than a tenth of its files cannot be parsed, or all of them.
    pub fn is_damaged(&self) -> bool {
        self.skipped.len() * 10 > self.advisories.len() + self.skipped.len()
    }

    /// Advisories about a published package, in the order of their ids.
    pub fn about<'a>(&'a self, package: &'a str) -> impl Iterator<Item = &'a Advisory> {
        self.advisories
            .iter()
            .filter(move |advisory| advisory.package == package && !advisory.toolchain && !advisory.withdrawn)
    }

    /// Files that were left out and are about this package.
    pub fn skipped_about<'a>(&'a self, package: &'a str) -> impl Iterator<Item = &'a Skipped> {
        self.skipped.iter().filter(move |skipped| {
            let mut parts = skipped.path.split('/');
            parts.next() == Some("crates") && parts.next() == Some(package)
        })
    }
}

/// How many advisories there were before and are now, where that is a tenth less or worse: advisories are withdrawn, but
/// never removed.
pub fn shrunk(before: usize, now: usize) -> Option<(usize, usize)> {
    (now * 10 < before * 9).then_some((before, now))
}

/// Whether a file waits for its number.
fn is_draft(path: &str) -> bool {
    path.contains("/RUSTSEC-0000-0000")
}
