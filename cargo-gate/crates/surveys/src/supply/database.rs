//! A database: advisories out of the files that hold them.

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
        }
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

/// Whether a file waits for its number.
fn is_draft(path: &str) -> bool {
    path.contains("/RUSTSEC-0000-0000")
}
