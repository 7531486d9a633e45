//! Chosen columns of a table whose cells are separated by one character.

use std::fmt;

/// Which columns, from 1, in the order in which they are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns(Vec<usize>);

/// What is wrong with a list of columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnsError {
    /// A part is no number from 1.
    NotANumber(String),
    /// There is none.
    Empty,
}

impl fmt::Display for ColumnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ColumnsError::NotANumber(part) => write!(f, "`{part}` is no column: columns are counted from 1"),
            ColumnsError::Empty => f.write_str("no column is named"),
        }
    }
}

impl std::error::Error for ColumnsError {}

impl Columns {
    /// Reads a list such as `3,1`.
    ///
    /// # Errors
    /// A part is no number from 1, or there is none.
    pub fn parse(text: &str) -> Result<Self, ColumnsError> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let columns: Vec<usize> = parts
            .map(|part| match part.parse() {
                Ok(0) | Err(_) => Err(ColumnsError::NotANumber(part.to_owned())),
                Ok(column) => Ok(column),
            })
            .collect::<Result<_, _>>()?;
        if columns.is_empty() {
            return Err(ColumnsError::Empty);
        }
        Ok(Self(columns))
    }

    /// The chosen cells of a line; a cell that is not there is empty.
    #[must_use]
    pub fn choose(&self, line: &str, separator: char) -> String {
        let cells: Vec<&str> = line.split(separator).collect();
        let chosen = self
            .0
            .iter()
            .map(|column| cells.get(column - 1).copied().unwrap_or_default());
        chosen.collect::<Vec<_>>().join(&separator.to_string())
    }
}
