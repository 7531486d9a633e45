//! `tests/requirements.toml`: what was asked for, row by row, and what shows that it is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::Result;

/// Where the rows are.
pub const PATH: &str = "tests/requirements.toml";

/// The rows that something is known of, and how many there are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirements {
    /// How many rows each document has, by its number.
    pub documents: Vec<u32>,
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
    /// It is no part of the claim.
    Excluded,
}

impl State {
    /// Every state, in the order of the page.
    pub const ALL: [State; 3] = [State::Met, State::Partly, State::Excluded];

    /// The word as it is written.
    pub fn name(self) -> &'static str {
        match self {
            State::Met => "met",
            State::Partly => "partly",
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

    /// Every row that was asked for, in order.
    pub fn asked(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let documents = (0..).zip(&self.documents);
        documents.flat_map(|(document, rows)| (1..=*rows).map(move |row| (document, row)))
    }

    /// The rows that are open: nothing is said of them here.
    pub fn open(&self) -> Vec<(u32, u32)> {
        let known: BTreeSet<_> = self.rows.iter().filter_map(|row| number(&row.id)).collect();
        self.asked().filter(|row| !known.contains(row)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_not_there_is_open() {
        let text = "documents = [2, 3]\nrow = [{ id = \"S1.2\", title = \"It holds\", state = \"met\" }]\n";
        let read = Requirements::parse(text).expect("a file");
        assert_eq!(read.asked().count(), 5);
        assert_eq!(read.open(), [(0, 1), (0, 2), (1, 1), (1, 3)]);
    }
}
