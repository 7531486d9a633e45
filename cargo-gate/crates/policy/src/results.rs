//! Results that other tools wrote, as the rest of the tool sees them: where they come from, and what they must say.

use std::time::Duration;

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::value::Glob;

/// How results of other tools are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ImportFormat {
    /// JUnit XML: pytest, Gradle, Jest, nextest and others.
    Junit,
    /// SARIF 2.1.0: findings of scanners and linters.
    Sarif,
    /// CycloneDX JSON with `vulnerabilities`: which of them can be exploited.
    CyclonedxVex,
    /// Coverage in the tracefile format of lcov.
    Lcov,
}

/// Level of a result in SARIF, lowest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ImportLevel {
    /// A note.
    Note,
    /// A warning.
    #[default]
    Warning,
    /// An error.
    Error,
}

/// Least coverage of some of the sources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CoverageFloor {
    /// Glob over the paths of sources. Default: every source of the files.
    #[serde(default = "everything")]
    #[schemars(with = "Glob", extend("examples" = ["src/**"]))]
    pub path: String,
    /// Least percentage of lines that ran.
    #[schemars(range(min = 1.0, max = 100.0), extend("x-why" = "less than one line in a hundred is no coverage", "examples" = [80.0]))]
    pub lines: Option<f64>,
    /// Least percentage of functions that ran.
    #[schemars(range(min = 1.0, max = 100.0), extend("x-why" = "less than one function in a hundred is no coverage", "examples" = [80.0]))]
    pub functions: Option<f64>,
    /// Least percentage of branches that were taken.
    #[schemars(range(min = 1.0, max = 100.0), extend("x-why" = "less than one branch in a hundred is no coverage", "examples" = [60.0]))]
    pub branches: Option<f64>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// What is imported, and what it must say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImportPolicy {
    /// How the results are written.
    pub format: ImportFormat,
    /// Files with results, relative to the workspace root.
    pub files: Vec<String>,
    /// The file that says where they come from, where no command writes them.
    pub statement: Option<String>,
    /// Public keys of which one must have signed the statement.
    pub signers: Vec<String>,
    /// How old results with a statement may be.
    pub max_age: Duration,
    /// First level of a result in SARIF that fails.
    pub fail_at: ImportLevel,
    /// Least coverage.
    pub floors: Vec<CoverageFloor>,
}

fn everything() -> String {
    "**".to_owned()
}
