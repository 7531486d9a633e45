//! `tests/requirements.toml`: what the issues ask for, row by row, and what shows that it is there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::Result;

/// Where the rows are.
pub const PATH: &str = "tests/requirements.toml";

/// Every row, and which issue asks for which.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirements {
    /// Ids and ranges of ids (`S0.12-S0.16`) by the name of the issue.
    pub lists: BTreeMap<String, Vec<String>>,
    /// The rows, sorted by their ids.
    #[serde(rename = "row")]
    pub rows: Vec<Row>,
}

/// One requirement.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Its id, `S<document>.<number>`.
    pub id: String,
    /// What it asks for, one line.
    pub title: String,
    /// Whether it is met.
    pub state: State,
    /// Ids of checks that fail when it is broken.
    #[serde(default)]
    pub checks: Vec<String>,
    /// Tests that fail when it is broken, as `path::function`.
    #[serde(default)]
    pub tests: Vec<String>,
    /// What is not there, or why it is left out; absent where the row is met.
    pub missing: Option<String>,
}

/// Whether a requirement is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// A test or a check fails as soon as it is broken.
    Met,
    /// A part of it is there.
    Partly,
    /// Nothing of it is there.
    Open,
    /// It is no part of the claim.
    Excluded,
}

impl State {
    /// Every state, in the order of the page.
    pub const ALL: [State; 4] = [State::Met, State::Partly, State::Open, State::Excluded];

    /// The word as it is written.
    pub fn name(self) -> &'static str {
        match self {
            State::Met => "met",
            State::Partly => "partly",
            State::Open => "open",
            State::Excluded => "excluded",
        }
    }
}

/// Document and number of an id: `S0.12` is `(0, 12)`.
pub fn number(id: &str) -> Option<(u32, u32)> {
    let (document, number) = id.strip_prefix('S')?.split_once('.')?;
    Some((document.parse().ok()?, number.parse().ok()?))
}

impl Requirements {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read or understood.
    pub fn read(root: &Path) -> Result<Self> {
        let text = fs::read_to_string(root.join(PATH)).map_err(|error| format!("cannot read `{PATH}`: {error}"))?;
        Self::parse(&text)
    }

    /// Reads the text of such a file.
    ///
    /// # Errors
    /// It cannot be understood.
    pub fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| format!("`{PATH}`: {error}").into())
    }

    /// The rows that the issues ask for, sorted and each once.
    ///
    /// # Errors
    /// An entry of a list is neither an id nor a range.
    pub fn asked(&self) -> Result<Vec<(u32, u32)>> {
        let mut asked = Vec::new();
        for entry in self.lists.values().flatten() {
            let (first, last) = entry.split_once('-').unwrap_or((entry, entry));
            match (number(first), number(last)) {
                (Some(first), Some(last)) if first.0 == last.0 && first.1 <= last.1 => {
                    asked.extend((first.1..=last.1).map(|number| (first.0, number)));
                }
                _ => return Err(format!("`{PATH}`: `{entry}` is neither a row nor a range of rows").into()),
            }
        }
        asked.sort_unstable();
        asked.dedup();
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_ids_and_ranges() {
        let with = |entries: &str| Requirements::parse(&format!("row = []\n[lists]\na = {entries}\nb = [\"S1.2\"]\n"));
        let read = with("[\"S1.4\", \"S0.9-S0.11\", \"S1.2\"]").expect("a file");
        assert_eq!(read.asked().expect("lists"), [(0, 9), (0, 10), (0, 11), (1, 2), (1, 4)]);
        for wrong in ["S1", "S1.3-S2.4", "S1.4-S1.3", "1.2"] {
            let read = with(&format!("[\"{wrong}\"]")).expect("a file");
            assert!(read.asked().is_err(), "{wrong}");
        }
    }
}
