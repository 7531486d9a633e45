//! How library code may fail.

use schemars::JsonSchema;
use serde::Deserialize;

/// How library code may fail.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawFailure {
    /// Path of the tracked inventory of places in library code that panic; `cargo gate source panics --write` writes it.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "path", "examples" = ["panic_inventory.json"]))]
    pub(in crate::policy) panic_inventory: Option<String>,
    /// Path of a coverage report in the lcov format. Each variant of a public error enum must be made by a line that it
    /// says was run.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "path", "examples" = ["target/lcov.info"]))]
    pub(in crate::policy) coverage: Option<String>,
}
