//! `[failure]`: how library code may fail.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::value::FilePath;

/// How library code may fail.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FailurePolicy {
    /// Path of the tracked inventory of places where library code can panic, written by `cargo gate source panics
    /// --write`.
    #[schemars(with = "Option<FilePath>", extend("examples" = ["panic_inventory.json"]))]
    pub panic_inventory: Option<String>,
    /// Path of a coverage report in lcov format. Each variant of a public error enum must be constructed on a covered
    /// line.
    #[schemars(with = "Option<FilePath>", extend("examples" = ["target/lcov.info"]))]
    pub coverage: Option<String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}
