//! The panic inventory: a tracked file with the number of places in the library code of every package that panic. It
//! holds no places, so that code may move without changing it; `cargo gate source panics` lists them.

use serde::{Deserialize, Serialize};

use super::survey::Survey;
use crate::rust::facts::{PanicCounts, PanicKind};

/// Version of the format; raised when a field changes its meaning.
pub const SCHEMA: u32 = 1;

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanicInventory {
    /// A word to whoever opens it.
    pub _generated: String,
    /// The command that writes it.
    pub _generator: String,
    /// What it is made from.
    #[serde(default)]
    pub _source: String,
    /// See [`SCHEMA`].
    pub schema: u32,
    /// Packages with at least one place, sorted by name.
    pub packages: Vec<PanicPackage>,
}

/// One package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanicPackage {
    /// Package name.
    pub name: String,
    /// Number of places in library code by kind.
    pub library: PanicCounts,
}

/// A count that differs between two inventories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<'a> {
    /// Package name.
    pub package: &'a str,
    /// Kind of the places.
    pub kind: PanicKind,
    /// Number in the first inventory.
    pub before: u32,
    /// Number in the second inventory.
    pub after: u32,
}

impl PanicInventory {
    /// The inventory of a survey.
    pub fn new(survey: &Survey) -> Self {
        let packages = survey.packages.iter().map(|package| PanicPackage {
            name: package.name.clone(),
            library: package.panic_counts(),
        });
        Self {
            _generated: "by cargo gate; do not edit".into(),
            _generator: "cargo gate source panics --write".into(),
            _source: "Rust sources of the workspace".into(),
            schema: SCHEMA,
            packages: packages.filter(|package| !package.library.is_empty()).collect(),
        }
    }

    /// The text of the file, with a newline at the end.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("an inventory holds nothing that JSON cannot");
        text.push('\n');
        text
    }

    /// Reads an inventory of this or an earlier format.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let inventory: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if inventory.schema > SCHEMA {
            return Err(format!(
                "schema {} is newer than this version of cargo gate",
                inventory.schema
            ));
        }
        Ok(inventory)
    }

    fn count(&self, package: &str, kind: PanicKind) -> u32 {
        let mut counts = self.packages.iter().filter(|candidate| candidate.name == package);
        counts
            .next()
            .and_then(|package| package.library.get(&kind).copied())
            .unwrap_or(0)
    }

    /// Where `self` and `other` differ. Sorted by package and kind.
    pub fn changes<'a>(&'a self, other: &'a Self) -> Vec<Change<'a>> {
        let mut names: Vec<&str> = [self, other]
            .iter()
            .flat_map(|inventory| inventory.packages.iter().map(|package| package.name.as_str()))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
            .into_iter()
            .flat_map(|package| PanicKind::ALL.map(|kind| (package, kind)))
            .map(|(package, kind)| Change {
                package,
                kind,
                before: self.count(package, kind),
                after: other.count(package, kind),
            })
            .filter(|change| change.before != change.after)
            .collect()
    }
}
