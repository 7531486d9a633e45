//! Tracked files of counts: what each has in common, whatever it counts.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Version of the format; raised when a field changes its meaning.
pub const SCHEMA: u32 = 1;

/// What an inventory holds of one package.
pub trait Counted: Serialize + DeserializeOwned {
    /// Kind of what is counted.
    type Kind: Copy + Ord;

    /// What the inventory is called in messages.
    const NAME: &'static str;
    /// The command that writes it.
    const COMMAND: &'static str;
    /// What it is made from.
    const SOURCE: &'static str;

    /// Name of the package.
    fn name(&self) -> &str;

    /// The numbers that only fall.
    fn counts(&self) -> &BTreeMap<Self::Kind, u32>;

    /// `1 unsafe block`, `2 unsafe blocks`.
    fn counted(kind: Self::Kind, count: u32) -> String;
}

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory<P> {
    /// A note to readers of the file.
    pub _generated: String,
    /// The command that writes it.
    pub _generator: String,
    /// What it is made from.
    #[serde(default)]
    pub _source: String,
    /// See [`SCHEMA`].
    pub schema: u32,
    /// Packages with something to count, sorted by name.
    pub packages: Vec<P>,
}

/// A count that differs between two inventories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<'a, K> {
    /// Package name.
    pub package: &'a str,
    /// Kind of what is counted.
    pub kind: K,
    /// Number in the first inventory.
    pub before: u32,
    /// Number in the second inventory.
    pub after: u32,
}

impl<P: Counted> Inventory<P> {
    /// The inventory of these packages, sorted by name.
    pub fn new(packages: Vec<P>) -> Self {
        Self {
            _generated: "by cargo gate; do not edit".into(),
            _generator: P::COMMAND.into(),
            _source: P::SOURCE.into(),
            schema: SCHEMA,
            packages,
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

    fn counts(&self) -> BTreeMap<(&str, P::Kind), u32> {
        let all = self.packages.iter().flat_map(|package| {
            let counts = package.counts().iter();
            counts.map(|(kind, count)| ((package.name(), *kind), *count))
        });
        all.collect()
    }

    /// Where `self` and `other` differ. Sorted by package and kind.
    pub fn changes<'a>(&'a self, other: &'a Self) -> Vec<Change<'a, P::Kind>> {
        let (before, after) = (self.counts(), other.counts());
        let mut keys: Vec<(&str, P::Kind)> = before.keys().chain(after.keys()).copied().collect();
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter()
            .map(|key| Change {
                package: key.0,
                kind: key.1,
                before: before.get(&key).copied().unwrap_or(0),
                after: after.get(&key).copied().unwrap_or(0),
            })
            .filter(|change| change.before != change.after)
            .collect()
    }
}
