//! Values of Cargo profiles, as manifests and policies write them.

use serde::{Deserialize, Serialize};

/// A value of a profile key, as it is written in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ProfileValue {
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Integer(i64),
    /// A word.
    Text(String),
}
