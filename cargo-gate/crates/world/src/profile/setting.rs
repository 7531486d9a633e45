//! A value of a profile, and where it comes from.

use std::path::PathBuf;

use gate_base::Location;
use gate_base::profile::ProfileValue;

/// The keys that are resolved, as written in a manifest.
pub const KEYS: [&str; 9] = [
    "codegen-units",
    "debug",
    "debug-assertions",
    "incremental",
    "lto",
    "opt-level",
    "overflow-checks",
    "panic",
    "strip",
];

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it: cargo's or rustc's default.
    Default,
    /// The root manifest.
    Manifest(Location),
    /// A configuration file of cargo.
    Config {
        /// Its absolute path.
        path: PathBuf,
        /// The place in it, in its own spelling of the path.
        place: Location,
    },
    /// An environment variable.
    Environment(String),
    /// A rule of cargo that overrules what is written.
    Rule(&'static str),
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The value in its normal form, see `normalize`.
    pub value: ProfileValue,
    /// Where it comes from.
    pub origin: Origin,
}

/// Why a profile cannot be resolved; cargo refuses to build with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileError {
    /// What is wrong, one sentence without a final full stop.
    pub message: String,
    /// Where it comes from.
    pub origin: Origin,
}

impl ProfileError {
    pub(super) fn new(message: impl Into<String>, origin: Origin) -> Self {
        Self {
            message: message.into(),
            origin,
        }
    }
}
