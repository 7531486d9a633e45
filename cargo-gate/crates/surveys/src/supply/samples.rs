//! Advisories and databases made by hand, for tests.

use std::fmt::Write as _;
use std::path::Path;

use super::contents::{Contents, Entry};
use super::database::{Commit, Database};

/// An advisory in the making.
pub struct Sample {
    id: String,
    package: String,
    head: String,
    patched: Vec<String>,
    unaffected: Vec<String>,
}

/// An advisory without a fix.
pub fn advisory(id: &str, package: &str, date: &str) -> Sample {
    Sample {
        id: id.into(),
        package: package.into(),
        head: format!("id = \"{id}\"\npackage = \"{package}\"\ndate = \"{date}\"\n"),
        patched: Vec::new(),
        unaffected: Vec::new(),
    }
}

impl Sample {
    /// Adds lines to `[advisory]`.
    pub fn with(mut self, lines: &str) -> Self {
        let _ = writeln!(self.head, "{lines}");
        self
    }

    /// Versions that hold the correction.
    pub fn patched(mut self, requirements: &[&str]) -> Self {
        self.patched = requirements.iter().map(ToString::to_string).collect();
        self
    }

    /// Versions that were never affected.
    pub fn unaffected(mut self, requirements: &[&str]) -> Self {
        self.unaffected = requirements.iter().map(ToString::to_string).collect();
        self
    }

    /// Where the database lies.
    pub fn path(&self) -> String {
        format!("crates/{}/{}.md", self.package, self.id)
    }

    /// The advisory as a file of a database.
    pub fn text(&self) -> String {
        format!(
            "```toml\n[advisory]\n{}\n[versions]\npatched = {:?}\nunaffected = {:?}\n```\n\n# Trouble in {}\n\nMore.\n",
            self.head, self.patched, self.unaffected, self.package
        )
    }
}

/// A snapshot of a database whose commit is of a day.
pub fn snapshot(day: &str, advisories: &[Sample]) -> Vec<u8> {
    let entries = advisories.iter().map(|advisory| Entry {
        path: advisory.path(),
        bytes: advisory.text().into_bytes(),
    });
    let database = Database {
        commit: Some(Commit {
            id: "c".repeat(40),
            date: day.parse().expect("a day"),
        }),
        ..Database::build(Contents {
            entries: entries.collect(),
            skipped: Vec::new(),
        })
    };
    super::snapshot::write(&database).expect("a snapshot")
}

/// Writes a database.
pub fn write(directory: &Path, advisories: &[Sample]) {
    for advisory in advisories {
        let path = directory.join(advisory.path());
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, advisory.text()).expect("a file");
    }
}
