//! Declared suites.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::base::stage::Stage;
use crate::group::Group;

use super::measured::{RawBenchSuite, RawSloSuite};
use super::run::{RawCommand, globs, half_an_hour, pilot, requirements, time_limit, variables, yes};

/// How the output of a test suite is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SuiteFormat {
    /// libtest or nextest, told apart by the output.
    #[default]
    Auto,
    /// `cargo test` and other libtest harnesses.
    Libtest,
    /// `cargo nextest run`.
    Nextest,
    /// Nothing but the exit code: the suite counts as one test.
    ExitCode,
}

/// Bodies of evidence that a check runs, by kind.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::policy) struct RawSuites {
    /// Commands that run tests. The check id is `suite.test.<name>`.
    #[serde(default)]
    #[schemars(with = "Vec<RawTestSuite>")]
    pub(in crate::policy) test: Vec<Spanned<RawTestSuite>>,
    /// Adapters over tools whose output becomes findings. The check id is `suite.tool.<name>`.
    #[serde(default)]
    #[schemars(with = "Vec<RawToolSuite>")]
    pub(in crate::policy) tool: Vec<Spanned<RawToolSuite>>,
    /// Commands that measure, judged beside a reference that is measured in the same run. The check id is
    /// `suite.bench.<name>`.
    #[serde(default)]
    #[schemars(with = "Vec<RawBenchSuite>")]
    pub(in crate::policy) bench: Vec<Spanned<RawBenchSuite>>,
    /// Promises about a service, held over a rolling window of measurements. The check id is `suite.slo.<name>`.
    #[serde(default)]
    #[schemars(with = "Vec<RawSloSuite>")]
    pub(in crate::policy) slo: Vec<Spanned<RawSloSuite>>,
}

/// A command that runs tests.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawTestSuite {
    /// Unique name: lowercase letters, digits, `-` and `_`, starting with a letter or digit.
    #[schemars(length(min = 1, max = 64), extend("x-format" = "suite-name", "examples" = ["workspace"]))]
    pub(in crate::policy) name: String,
    /// Program and arguments, as an array, or as one string that is split on white space. No shell is involved.
    #[schemars(extend("examples" = [["cargo", "test", "--workspace", "--locked"]]))]
    pub(in crate::policy) command: RawCommand,
    /// Whether the suite must pass. One that is not required only warns.
    #[serde(default = "yes")]
    pub(in crate::policy) required: bool,
    /// First stage that needs the suite.
    #[serde(default = "pilot")]
    pub(in crate::policy) stage: Stage,
    /// Globs over the paths that the suite reads, relative to the workspace root. Absent or empty: every file.
    #[serde(default)]
    #[schemars(schema_with = "globs")]
    pub(in crate::policy) inputs: Vec<String>,
    /// Names of environment variables that the suite reads; a changed value runs it again.
    #[serde(default)]
    #[schemars(schema_with = "variables")]
    pub(in crate::policy) env: Vec<String>,
    /// What the suite needs of the machine: `program:<name>` on the PATH, `env:<name>` set, `os:<linux|macos|windows>`.
    /// A required suite that lacks it is not run, which blocks; one that is not required leaves the claim.
    #[serde(default)]
    #[schemars(schema_with = "requirements", extend("examples" = [["program:nvcc"]]))]
    pub(in crate::policy) requires: Vec<String>,
    /// Time limit: a number with `s`, `m`, `h` or `d`.
    #[serde(default = "half_an_hour")]
    #[schemars(schema_with = "time_limit")]
    pub(in crate::policy) timeout: String,
    /// Least number of tests that must run. A required suite needs at least 1.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1_000_000), extend("x-sane-min" = 1))]
    pub(in crate::policy) min_tests: u64,
    /// How to read the output.
    #[serde(default)]
    pub(in crate::policy) format: SuiteFormat,
    /// Working directory, relative to the workspace root.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "path", "examples" = ["services/api"]))]
    pub(in crate::policy) directory: Option<String>,
    /// Group in whose turn it runs. Default: `equivalence`.
    #[schemars(extend("examples" = ["resilience"]))]
    pub(in crate::policy) group: Option<Group>,
}

/// A tool whose output becomes findings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawToolSuite {
    /// Unique name: lowercase letters, digits, `-` and `_`, starting with a letter or digit.
    #[schemars(length(min = 1, max = 64), extend("x-format" = "suite-name", "examples" = ["clippy"]))]
    pub(in crate::policy) name: String,
    /// The tool.
    #[schemars(extend("examples" = ["clippy"]))]
    pub(in crate::policy) tool: RawTool,
    /// Arguments after `cargo clippy`, `cargo fmt`, `cargo deny check`, `cargo semver-checks` or `cargo vet`, in place of
    /// the default ones. What the adapter needs to read the output is added.
    #[serde(default)]
    #[schemars(inner(length(max = 4000)))]
    pub(in crate::policy) args: Vec<String>,
    /// Whether the suite must pass. One that is not required only warns.
    #[serde(default = "yes")]
    pub(in crate::policy) required: bool,
    /// First stage that needs the suite.
    #[serde(default = "pilot")]
    pub(in crate::policy) stage: Stage,
    /// Time limit: a number with `s`, `m`, `h` or `d`.
    #[serde(default = "half_an_hour")]
    #[schemars(schema_with = "time_limit")]
    pub(in crate::policy) timeout: String,
    /// Group in whose turn it runs. Default: `integrity` for cargo-deny and cargo-vet, `equivalence` for
    /// cargo-semver-checks, `ergonomics` for clippy and rustfmt.
    #[schemars(extend("examples" = ["integrity"]))]
    pub(in crate::policy) group: Option<Group>,
}

/// A tool that has an adapter.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::policy) enum RawTool {
    /// `cargo clippy`
    Clippy,
    /// `cargo fmt --check`
    Rustfmt,
    /// `cargo deny check`: licences, bans, sources.
    CargoDeny,
    /// `cargo semver-checks`: changes of the public API that the version does not announce.
    CargoSemverChecks,
    /// `cargo vet`: dependencies that somebody has read.
    CargoVet,
}

impl RawTool {
    /// The name as it is written.
    pub(in crate::policy) fn name(self) -> &'static str {
        match self {
            RawTool::Clippy => "clippy",
            RawTool::Rustfmt => "rustfmt",
            RawTool::CargoDeny => "cargo-deny",
            RawTool::CargoSemverChecks => "cargo-semver-checks",
            RawTool::CargoVet => "cargo-vet",
        }
    }
}

fn one() -> u64 {
    1
}
