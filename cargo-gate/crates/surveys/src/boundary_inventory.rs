//! The boundary inventory: a tracked file that says which authority every package uses, where, and who answers for it.
//! It holds no line numbers, so that unrelated edits do not change it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use gate_policy::Tier;

use super::authority::{Authorities, Cover};
use gate_rust::boundary::site::Kind;
use gate_rust::boundary::survey::{Counts, Survey};
use gate_rust::inventory::{Counted, Inventory};

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

/// The inventory of a survey under the declared authorities.
pub fn of(survey: &Survey, authorities: &Authorities<'_>) -> Inventory<InventoryPackage> {
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
    Inventory::new(packages)
}

impl Counted for InventoryPackage {
    type Kind = Kind;

    const NAME: &'static str = "boundary inventory";
    const COMMAND: &'static str = "cargo gate source boundaries --write";
    const SOURCE: &'static str = "Rust sources of the workspace, and gate.toml";

    fn name(&self) -> &str {
        &self.name
    }

    fn counts(&self) -> &Counts {
        &self.code
    }

    fn counted(kind: Kind, count: u32) -> String {
        kind.counted(count)
    }
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
