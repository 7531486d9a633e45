//! The check ids that a file may name: the catalogue, and the suites that the file itself declares.

use toml::de::DeTable;

use gate_base::stage::Stage;

use super::catalogue::Catalogue;
use super::parts;
use super::tables::elements;

/// The kinds of suites, as `[[suite.<kind>]]` names them.
pub const KINDS: [&str; 8] = [
    "bench",
    "drill",
    "equivalence",
    "import",
    "ready",
    "slo",
    "test",
    "tool",
];

/// Known check ids with the stage at which each blocks by default.
#[derive(Debug)]
pub(super) struct Known<'a> {
    catalogue: &'a Catalogue,
    suites: Vec<(String, Stage)>,
}

impl<'a> Known<'a> {
    /// The catalogue and the suites of a file that may yet hold errors.
    pub(super) fn new(catalogue: &'a Catalogue, file: &DeTable<'_>) -> Self {
        let mut suites = Vec::new();
        for kind in KINDS {
            for suite in elements(file, &["suite", kind]) {
                let stage = suite.get("stage").and_then(|value| value.get_ref().as_str());
                let stage = stage.and_then(|stage| stage.parse().ok()).unwrap_or(Stage::Pilot);
                let names = parts::names(suite);
                suites.extend(names.iter().map(|name| (format!("suite.{kind}.{name}"), stage)));
            }
        }
        Self { catalogue, suites }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.catalogue
            .ids()
            .chain(self.suites.iter().map(|(id, _)| id.as_str()))
    }

    pub(super) fn blocks_at(&self, id: &str) -> Option<Stage> {
        let suite = || self.suites.iter().find(|(known, _)| known == id);
        self.catalogue
            .blocks_at(id)
            .or_else(|| suite().map(|(_, stage)| *stage))
    }
}
