//! `gate.toml` in an editor: errors as one types, what keys mean, what may stand where, and repairs.

pub mod bases;
pub mod complete;
pub mod cursor;
pub mod hover;
pub mod problems;

use std::path::Path;

use gate_base::stage::Stage;
use gate_policy::{self, Catalogue};

/// Whether a file is a policy: one of its name, the one that `--policy` names, or a [base](is_base).
pub fn is_policy(path: &Path, explicit: Option<&Path>) -> bool {
    path.file_name().is_some_and(|name| name == gate_policy::FILE_NAME) || explicit == Some(path) || is_base(path)
}

/// Whether a file has the name of one that policies extend: `gate.<word>.toml`.
pub fn is_base(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let word = name.strip_prefix("gate.").and_then(|rest| rest.strip_suffix(".toml"));
    word.is_some_and(|word| !word.is_empty())
}

/// The ids that a policy may name besides its own suites.
pub(crate) fn catalogue() -> Catalogue {
    gate_checks::catalogue().with(gate_suites::DEFAULT_ID, Stage::Pilot)
}
