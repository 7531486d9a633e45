//! `gate.toml` in an editor: errors as one types, what keys mean, what may stand where, and repairs.

pub mod complete;
pub mod cursor;
pub mod hover;
pub mod problems;

use std::path::Path;

use gate_base::stage::Stage;
use gate_policy::{self, Catalogue};

/// Whether a file is a policy: one of its name, or the one that `--policy` names.
pub fn is_policy(path: &Path, explicit: Option<&Path>) -> bool {
    path.file_name().is_some_and(|name| name == gate_policy::FILE_NAME) || explicit == Some(path)
}

/// The ids that a policy may name besides its own suites.
pub(crate) fn catalogue() -> Catalogue {
    gate_checks::catalogue().with(gate_suites::DEFAULT_ID, Stage::Pilot)
}
