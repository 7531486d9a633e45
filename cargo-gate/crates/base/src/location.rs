//! Places in files, as findings and policies name them.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

/// A place in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Location {
    /// Path relative to the workspace root, `/`-separated.
    pub path: String,
    /// 1-based line; absent when the finding is about the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// 1-based column in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Number of characters the place spans on its first line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
}

impl Location {
    /// A whole file.
    pub fn file(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            line: None,
            column: None,
            length: None,
        }
    }

    /// A line of a file.
    pub fn line(path: impl Into<String>, line: u32) -> Self {
        Self {
            path: path.into(),
            line: Some(line),
            column: None,
            length: None,
        }
    }

    /// A span on one line of a file.
    pub fn span(path: impl Into<String>, line: u32, column: u32, length: u32) -> Self {
        Self {
            path: path.into(),
            line: Some(line),
            column: Some(column),
            length: Some(length),
        }
    }
}
