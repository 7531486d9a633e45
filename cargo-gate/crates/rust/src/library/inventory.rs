//! The panic inventory: a tracked file with the number of places in the library code of every package that panic. It
//! holds no places, so that code may move without changing it; `cargo gate source panics` lists them.

use serde::{Deserialize, Serialize};

use super::survey::Survey;
use crate::facts::{PanicCounts, PanicKind};
use crate::inventory::{Counted, Inventory};

/// One package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanicPackage {
    /// Package name.
    pub name: String,
    /// Number of places in library code by kind.
    pub library: PanicCounts,
}

/// The inventory of a survey.
pub fn of(survey: &Survey) -> Inventory<PanicPackage> {
    let packages = survey.packages.iter().map(|package| PanicPackage {
        name: package.name.clone(),
        library: package.panic_counts(),
    });
    Inventory::new(packages.filter(|package| !package.library.is_empty()).collect())
}

impl Counted for PanicPackage {
    type Kind = PanicKind;

    const NAME: &'static str = "panic inventory";
    const COMMAND: &'static str = "cargo gate source panics --write";
    const SOURCE: &'static str = "Rust sources of the workspace";

    fn name(&self) -> &str {
        &self.name
    }

    fn counts(&self) -> &PanicCounts {
        &self.library
    }

    fn counted(kind: PanicKind, count: u32) -> String {
        kind.counted(count)
    }
}
