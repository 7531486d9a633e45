//! The boundary inventory: a tracked file that says which authority every package uses, where, and who answers for it.
//! It holds no line numbers, so that unrelated edits do not change it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use gate_base::atomic;
use gate_base::error::Result;
use gate_policy::Tier;

use super::authority::{Authorities, Cover};
use gate_rust::boundary::site::Kind;
use gate_rust::boundary::survey::{Counts, Survey};

/// Version of the format; raised when a field changes its meaning.
pub const SCHEMA: u32 = 1;

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// A word to whoever opens it.
    pub _generated: String,
    /// The command that writes it.
    pub _generator: String,
    /// What it is made from.
    #[serde(default)]
    pub _source: String,
    /// See [`SCHEMA`].
    pub schema: u32,
    /// Packages with at least one site, sorted by name.
    pub packages: Vec<InventoryPackage>,
}

/// One package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryPackage {
    /// Package name.
    pub name: String,
    /// Its tier.
    pub tier: Tier,
    /// Number of sites in product code by kind.
    pub code: Counts,
    /// Number of sites in test code by kind.
    pub test: Counts,
    /// Files with sites in product code, sorted by path.
    pub files: Vec<InventoryFile>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryFile {
    /// Path relative to the workspace root.
    pub path: String,
    /// The declaration that allows it; absent when none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<InventoryAuthority>,
    /// Sites by item and kind, sorted.
    pub sites: Vec<InventorySite>,
}

/// Who answers for a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryAuthority {
    /// `tier` or `allow`.
    pub by: String,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Sites of one kind in one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventorySite {
    /// Enclosing item inside the file; empty at the top of the file.
    pub item: String,
    /// Kind of the sites.
    pub kind: Kind,
    /// How many.
    pub count: u32,
}

impl Inventory {
    /// The inventory of a survey under the declared authorities.
    pub fn new(survey: &Survey, authorities: &Authorities<'_>) -> Self {
        let packages = survey
            .packages
            .iter()
            .filter(|package| !package.files.is_empty())
            .map(|package| {
                let tally = package.tally();
                let files = package.files.iter().filter_map(|file| {
                    let mut items: BTreeMap<(&str, Kind), u32> = BTreeMap::new();
                    for site in file.sites.iter().filter(|site| !site.test) {
                        *items.entry((&site.item, site.kind)).or_default() += 1;
                    }
                    (!items.is_empty()).then(|| InventoryFile {
                        path: file.path.clone(),
                        authority: authorities
                            .cover(&package.name, &file.path)
                            .map(InventoryAuthority::from),
                        sites: items
                            .into_iter()
                            .map(|((item, kind), count)| InventorySite {
                                item: item.to_owned(),
                                kind,
                                count,
                            })
                            .collect(),
                    })
                });
                InventoryPackage {
                    tier: authorities.tier(&package.name),
                    files: files.collect(),
                    code: tally.code,
                    test: tally.test,
                    name: package.name.clone(),
                }
            })
            .collect();
        Self {
            _generated: "by cargo gate; do not edit".into(),
            _generator: "cargo gate source boundaries --write".into(),
            _source: "Rust sources of the workspace, and gate.toml".into(),
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

    /// Writes the file atomically; an unchanged file is left alone.
    ///
    /// # Errors
    /// I/O errors.
    pub fn write(&self, path: &Path) -> Result<()> {
        atomic::write_tracked(path, self.to_text().as_bytes())
    }

    /// Reads an inventory of this or an earlier format.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &[u8]) -> std::result::Result<Self, String> {
        let inventory: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if inventory.schema > SCHEMA {
            return Err(format!(
                "schema {} is newer than this version of cargo gate",
                inventory.schema
            ));
        }
        Ok(inventory)
    }

    fn counts(&self) -> BTreeMap<(&str, Kind), u32> {
        self.packages
            .iter()
            .flat_map(|package| {
                package
                    .code
                    .iter()
                    .map(|(kind, count)| ((package.name.as_str(), *kind), *count))
            })
            .collect()
    }

    /// Where product code of `self` and `other` differ in number: package, kind, before, after. Sorted.
    pub fn changes<'a>(&'a self, other: &'a Self) -> Vec<Change<'a>> {
        let (before, after) = (self.counts(), other.counts());
        let mut keys: Vec<(&str, Kind)> = before.keys().chain(after.keys()).copied().collect();
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

/// A count that differs between two inventories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<'a> {
    /// Package name.
    pub package: &'a str,
    /// Kind of the sites.
    pub kind: Kind,
    /// Number in the first inventory.
    pub before: u32,
    /// Number in the second inventory.
    pub after: u32,
}

impl From<Cover<'_>> for InventoryAuthority {
    fn from(cover: Cover<'_>) -> Self {
        match cover {
            Cover::Tier(exception) => Self {
                by: "tier".into(),
                owner: exception.and_then(|exception| exception.owner.clone()),
                reason: exception.and_then(|exception| exception.reason.clone()),
            },
            Cover::Allow(entry) => Self {
                by: "allow".into(),
                owner: Some(entry.owner.clone()),
                reason: Some(entry.reason.clone()),
            },
        }
    }
}
