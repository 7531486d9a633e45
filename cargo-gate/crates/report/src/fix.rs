//! Edits that make findings go away. A check says what has to change in terms of lines and keys, a [`Remedy`]; the engine turns that
//! into a [`Fix`], which names bytes of the files as they were judged.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_base::Location;

/// Edits that a machine can apply to make a finding go away. They belong together: all of them are applied, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fix {
    /// What it does, as a command: `add --locked`.
    pub title: String,
    /// Whether it can be applied unseen.
    pub applicability: Applicability,
    /// What changes, in the order of paths and bytes.
    pub edits: Vec<Edit>,
}

/// Whether an edit can be applied unseen. The names are those of rustc's suggestions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Applicability {
    /// It is what the finding requires; `--fix` applies it.
    MachineApplicable,
    /// It is probably what is meant; editors offer it, and `--fix` leaves it to them.
    MaybeIncorrect,
}

impl Applicability {
    /// The word of rustc's JSON.
    pub fn rustc_name(self) -> &'static str {
        match self {
            Self::MachineApplicable => "MachineApplicable",
            Self::MaybeIncorrect => "MaybeIncorrect",
        }
    }
}

/// Bytes of a file and what takes their place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Edit {
    /// Path relative to the workspace root, `/`-separated.
    pub path: String,
    /// SHA-256 of the file as it was judged: the bytes are those of this file alone. Absent where there was no file and the edit
    /// writes a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Offset of the first byte that goes.
    pub byte_start: u64,
    /// Offset of the first byte that stays; as `byte_start` where nothing goes.
    pub byte_end: u64,
    /// 1-based line of `byte_start`.
    pub line_start: u32,
    /// 1-based column of `byte_start`, in characters.
    pub column_start: u32,
    /// 1-based line of `byte_end`.
    pub line_end: u32,
    /// 1-based column of `byte_end`, in characters.
    pub column_end: u32,
    /// The text that takes their place.
    pub replacement: String,
}

/// What has to change, as a check knows it. It stands in the evidence of the check; reports have the [`Fix`] that it becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// See [`Fix::title`].
    pub title: String,
    /// See [`Fix::applicability`].
    pub applicability: Applicability,
    /// What changes.
    pub changes: Vec<Change>,
}

/// One change of a file. It becomes an edit only where the file holds exactly what the change expects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Text that begins on a line, and must begin there only once, is replaced.
    Replace {
        /// The line; where it has a column, the text begins there.
        place: Location,
        /// The text that goes; it may go on over further lines.
        old: String,
        /// The text that comes.
        new: String,
    },
    /// Every occurrence of a text is replaced.
    ReplaceAll {
        /// The file.
        path: String,
        /// The text that goes; there is at least one.
        old: String,
        /// The text that comes.
        new: String,
    },
    /// A key of a TOML file gets a value; it and its table are added where they are not there.
    Set {
        /// The file.
        path: String,
        /// The tables above it, and the key.
        keys: Vec<String>,
        /// The value, as TOML.
        value: String,
    },
    /// The table, the element of an array of tables or the key of a TOML file that begins on this line goes, with the comment
    /// right above it.
    Remove {
        /// The line.
        place: Location,
    },
    /// The one line that is one of these, without white space around it, goes.
    RemoveLine {
        /// The file.
        path: String,
        /// What the line may be.
        any_of: Vec<String>,
    },
    /// A text is added at the end of a file, which is written where it is not there.
    Append {
        /// The file.
        path: String,
        /// The text, with its line end.
        text: String,
    },
}

impl Remedy {
    /// Changes that are what the finding asks for.
    pub fn new(title: impl Into<String>, changes: impl IntoIterator<Item = Change>) -> Self {
        Self {
            title: title.into(),
            applicability: Applicability::MachineApplicable,
            changes: changes.into_iter().collect(),
        }
    }

    /// The same, but somebody looks at it first.
    #[must_use]
    pub fn to_be_reviewed(mut self) -> Self {
        self.applicability = Applicability::MaybeIncorrect;
        self
    }
}

impl Change {
    /// [`Change::Replace`].
    pub fn replace(place: &Location, old: impl Into<String>, new: impl Into<String>) -> Self {
        Self::Replace {
            place: place.clone(),
            old: old.into(),
            new: new.into(),
        }
    }

    /// [`Change::Set`].
    pub fn set(path: impl Into<String>, keys: &[&str], value: impl Into<String>) -> Self {
        Self::Set {
            path: path.into(),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            value: value.into(),
        }
    }

    /// [`Change::Remove`].
    pub fn remove(place: &Location) -> Self {
        Self::Remove { place: place.clone() }
    }

    /// The file that changes.
    pub fn path(&self) -> &str {
        match self {
            Self::Replace { place, .. } | Self::Remove { place } => &place.path,
            Self::ReplaceAll { path, .. }
            | Self::Set { path, .. }
            | Self::RemoveLine { path, .. }
            | Self::Append { path, .. } => path,
        }
    }
}
