//! Declared suites that measure: benchmarks, and service levels.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::base::stage::Stage;
use crate::group::Group;

use super::run::{RawCommand, globs, half_an_hour, pilot, requirements, time_limit, variables, yes};

/// Which budgets hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BenchMode {
    /// Those of `pr`, and a breach only warns.
    Soft,
    /// Those for each change: wide, because many share the machine.
    #[default]
    Pr,
    /// Those for a quiet machine: narrow.
    Nightly,
}

/// What noise, or a benchmark without counterpart, does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Noise {
    /// It leaves the suite without an answer, which is not a pass.
    #[default]
    Refuse,
    /// It warns.
    Warn,
}

/// A command that measures, judged beside a reference that is measured in the same run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawBenchSuite {
    /// Unique name: lowercase letters, digits, `-` and `_`, starting with a letter or digit.
    #[schemars(length(min = 1, max = 64), extend("x-format" = "suite-name", "examples" = ["parser"]))]
    pub(in crate::policy) name: String,
    /// Program and arguments, as an array, or as one string that is split on white space. No shell is involved.
    #[schemars(extend("examples" = [["cargo", "bench", "--locked"]]))]
    pub(in crate::policy) command: RawCommand,
    /// A second command, whose benchmarks of the same names are the reference. The two take turns.
    #[schemars(extend("examples" = [["cargo", "bench", "--locked", "--features", "old"]]))]
    pub(in crate::policy) reference: Option<RawCommand>,
    /// A commit, tag or branch, whose benchmarks of the same names are the reference: `command` is run in its files as
    /// well. The two take turns.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "revision", "examples" = ["origin/main"]))]
    pub(in crate::policy) reference_commit: Option<String>,
    /// How often each command runs.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 1000), extend("x-sane-max" = 30))]
    pub(in crate::policy) rounds: u32,
    /// Which budgets hold: those of `pr`, those of `nightly`, or `soft`, which takes those of `pr` and only warns.
    #[serde(default)]
    pub(in crate::policy) mode: BenchMode,
    /// Largest ratio to the reference, by mode and by what is measured.
    #[serde(default)]
    pub(in crate::policy) budgets: RawBudgets,
    /// Largest median absolute deviation of a benchmark, as a part of its median. What is noisier is judged as `noisy` says.
    #[serde(default = "tenth")]
    #[schemars(range(min = 0.0, max = 10.0))]
    pub(in crate::policy) max_mad: f64,
    /// What noise does: `refuse` leaves the suite inconclusive, `warn` makes what cannot be told from noise a warning.
    #[serde(default)]
    pub(in crate::policy) noisy: Noise,
    /// Fewest samples of a time on each side, all rounds together.
    #[serde(default = "five")]
    #[schemars(range(min = 1, max = 1_000_000), extend("x-sane-min" = 5))]
    pub(in crate::policy) min_samples: u64,
    /// Names of benchmarks that must be measured; `*` stands for any characters, and each needs one at least.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "text" },
        "examples" = [["parse/*"]]
    ))]
    pub(in crate::policy) expect: Vec<String>,
    /// What a benchmark without a counterpart in the reference does: `refuse` or `warn`.
    #[serde(default)]
    pub(in crate::policy) added: Noise,
    /// Limits of single benchmarks; the first whose `name` covers a benchmark counts.
    #[serde(default)]
    #[schemars(with = "Vec<RawMetric>")]
    pub(in crate::policy) metric: Vec<Spanned<RawMetric>>,
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
    #[serde(default)]
    #[schemars(schema_with = "requirements")]
    pub(in crate::policy) requires: Vec<String>,
    /// Time limit of each command: a number with `s`, `m`, `h` or `d`.
    #[serde(default = "half_an_hour")]
    #[schemars(schema_with = "time_limit")]
    pub(in crate::policy) timeout: String,
    /// Working directory, relative to the workspace root.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "path", "examples" = ["services/api"]))]
    pub(in crate::policy) directory: Option<String>,
    /// Group in whose turn it runs. Default: `resilience`.
    #[schemars(extend("examples" = ["ergonomics"]))]
    pub(in crate::policy) group: Option<Group>,
}

/// Largest ratios to the reference, by mode.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawBudgets {
    /// Those of the modes `pr` and `soft`.
    #[serde(default)]
    pub(in crate::policy) pr: RawBudget,
    /// Those of the mode `nightly`.
    #[serde(default)]
    pub(in crate::policy) nightly: RawBudget,
}

/// Largest ratios to the reference.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawBudget {
    /// For times. 1.25 in the modes `pr` and `soft`, 1.15 in the mode `nightly`, unless it is given.
    #[schemars(range(min = 0.0, max = 1000.0), extend("examples" = [1.25]))]
    pub(in crate::policy) time: Option<f64>,
    /// For sizes. 1.20 in the modes `pr` and `soft`, 1.08 in the mode `nightly`, unless it is given.
    #[schemars(range(min = 0.0, max = 1000.0), extend("examples" = [1.2]))]
    pub(in crate::policy) size: Option<f64>,
}

/// Limits of benchmarks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawMetric {
    /// Name of the benchmark; `*` stands for any characters.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["parse/*"]))]
    pub(in crate::policy) name: String,
    /// Name of a benchmark of the same command that is the reference.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["full"]))]
    pub(in crate::policy) reference: Option<String>,
    /// Largest ratio to the reference, in place of the budget of the mode.
    #[schemars(range(min = 0.0, max = 1000.0), extend("examples" = [0.1]))]
    pub(in crate::policy) max_ratio: Option<f64>,
    /// Smallest ratio to the reference, for what is better when it is larger.
    #[schemars(range(min = 0.0, max = 1000.0), extend("examples" = [0.9]))]
    pub(in crate::policy) min_ratio: Option<f64>,
    /// Largest median, in the unit of the benchmark.
    #[schemars(extend("examples" = [30.0]))]
    pub(in crate::policy) at_most: Option<f64>,
    /// Smallest median, in the unit of the benchmark.
    #[schemars(extend("examples" = [0.9]))]
    pub(in crate::policy) at_least: Option<f64>,
    /// First stage that a breach blocks, not before that of the suite; earlier ones get a warning.
    pub(in crate::policy) blocks_at: Option<Stage>,
    /// In place of the `max-mad` of the suite.
    #[schemars(range(min = 0.0, max = 10.0), extend("examples" = [0.3]))]
    pub(in crate::policy) max_mad: Option<f64>,
    /// In place of the `noisy` of the suite.
    pub(in crate::policy) noisy: Option<Noise>,
}

/// Promises about a service, held over a rolling window of measurements.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawSloSuite {
    /// Unique name: lowercase letters, digits, `-` and `_`, starting with a letter or digit.
    #[schemars(length(min = 1, max = 64), extend("x-format" = "suite-name", "examples" = ["service"]))]
    pub(in crate::policy) name: String,
    /// A command that prints one window of measurements, as JSON lines. This or `file`.
    #[schemars(extend("examples" = [["cargo", "run", "--locked", "--example", "load"]]))]
    pub(in crate::policy) command: Option<RawCommand>,
    /// A file with one window of measurements, as JSON lines, relative to the workspace root. This or `command`.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "path", "examples" = ["target/load.jsonl"]))]
    pub(in crate::policy) file: Option<String>,
    /// How far the rolling window reaches back.
    #[serde(default = "four_weeks")]
    #[schemars(extend(
        "x-format" = "duration", "x-min" = "1m", "x-max" = "3650d", "x-sane-min" = "1d", "x-sane-max" = "400d",
        "examples" = ["28d"]
    ))]
    pub(in crate::policy) within: String,
    /// Fewest recorded windows that say something, that of this run included.
    #[serde(default = "five_windows")]
    #[schemars(range(min = 1, max = 100_000), extend("x-sane-min" = 2))]
    pub(in crate::policy) min_windows: u32,
    /// The promises.
    #[serde(default)]
    #[schemars(with = "Vec<RawObjective>")]
    pub(in crate::policy) objective: Vec<Spanned<RawObjective>>,
    /// Whether the suite must pass. One that is not required only warns.
    #[serde(default = "yes")]
    pub(in crate::policy) required: bool,
    /// First stage that needs the suite.
    #[serde(default = "pilot")]
    pub(in crate::policy) stage: Stage,
    /// Time limit of the command: a number with `s`, `m`, `h` or `d`.
    #[serde(default = "half_an_hour")]
    #[schemars(schema_with = "time_limit")]
    pub(in crate::policy) timeout: String,
    /// Group in whose turn it runs. Default: `resilience`.
    #[schemars(extend("examples" = ["ergonomics"]))]
    pub(in crate::policy) group: Option<Group>,
}

/// A promise.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawObjective {
    /// Name of the measurement that it is about.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "text", "examples" = ["availability"]))]
    pub(in crate::policy) name: String,
    /// Part of the events that must be good, in percent; what is left is the error budget.
    #[schemars(range(min = 0.0, max = 100.0), extend("examples" = [99.9]))]
    pub(in crate::policy) target_percent: f64,
    /// For samples: the largest that is good, in the unit of the measurement.
    #[schemars(extend("examples" = [250.0]))]
    pub(in crate::policy) at_most: Option<f64>,
}

fn three() -> u32 {
    3
}

fn five() -> u64 {
    5
}

fn five_windows() -> u32 {
    5
}

fn tenth() -> f64 {
    0.1
}

fn four_weeks() -> String {
    "28d".into()
}
