//! Values of Cargo profiles, as manifests and policies write them.

use std::fmt;

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

impl fmt::Display for ProfileValue {
    /// As it is written in a manifest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProfileValue::Bool(value) => write!(f, "{value}"),
            ProfileValue::Integer(value) => write!(f, "{value}"),
            ProfileValue::Text(value) => write!(f, "{value:?}"),
        }
    }
}
