//! A suite as the rest of the tool sees it, whichever of its kinds it is.

use std::time::Duration;

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_base::stage::Stage;
use gate_report::group::Group;
use gate_report::{Location, Partition};

use super::faults::DrillPolicy;
use super::objective::SloPolicy;
use super::parity::EquivalencePolicy;
use super::pattern;
use super::results::ImportPolicy;
use super::stability::StabilityPolicy;
use super::value::{Pointer, Text};

/// The tool that compares public items with those of a release.
pub const SEMVER_CHECKS: &str = "cargo-semver-checks";

/// Kind of a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SuiteKind {
    /// A command that runs tests.
    Test,
    /// A benchmark command, compared with a reference.
    Bench,
    /// Service-level objectives over times before now.
    Slo,
    /// A running system that is broken on purpose.
    Drill,
    /// Implementations that are compared over a scope.
    Equivalence,
    /// Results that another tool wrote.
    Import,
    /// The directory of a training run.
    Ready,
    /// An adapter over a tool whose output is parsed into findings.
    Tool,
}

/// A declared suite.
#[derive(Debug, Clone, Serialize)]
pub struct SuitePolicy {
    /// Kind; the check id is `suite.<kind>.<name>`.
    pub kind: SuiteKind,
    /// Unique name: lowercase letters, digits, `-` and `_`.
    pub name: String,
    /// For tests the command as argument vector; for tools empty unless overridden.
    pub command: Vec<String>,
    /// For tools: its name, `clippy`, `cargo-deny` and so on.
    pub tool: Option<String>,
    /// For tools: which of the answers of one call it judges, where each is a suite of its own.
    pub part: Option<String>,
    /// For benchmarks: how they are judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bench: Option<Box<BenchPolicy>>,
    /// For service levels: how they are judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slo: Option<Box<SloPolicy>>,
    /// For drills: the system, the faults, and what must hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drill: Option<Box<DrillPolicy>>,
    /// For equivalence: the scope, the references, and how outputs are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equivalence: Option<Box<EquivalencePolicy>>,
    /// For results of other tools: where they come from, and what they must say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import: Option<Box<ImportPolicy>>,
    /// For training runs: which one, and with what it is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<Box<ReadyPolicy>>,
    /// For cargo-semver-checks: the classes of public items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stability: Option<Box<StabilityPolicy>>,
    /// Whether it must pass.
    pub required: bool,
    /// First stage that needs it.
    pub stage: Stage,
    /// Globs over workspace-relative paths that the suite reads; empty means every file.
    pub inputs: Vec<String>,
    /// Names of environment variables that the suite reads.
    pub env: Vec<String>,
    /// What the suite needs of the machine: `program:<name>`, `env:<name>`, `os:<name>`.
    pub requires: Vec<String>,
    /// Time limit.
    pub timeout: Duration,
    /// Least number of tests that must run.
    pub min_tests: u64,
    /// How to read the output.
    pub format: SuiteFormat,
    /// Working directory relative to the workspace root.
    pub directory: Option<String>,
    /// Files that it makes, relative to the workspace root.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<String>,
    /// Whether it stands for every test of the workspace: it is the only suite of tests, and its command selects none.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
    /// Which part of it runs, where its runner divides it among machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<Partition>,
    /// Group in whose turn it runs, where that is declared. It says when, not what: no part of the fingerprint.
    #[serde(skip)]
    pub group: Option<Group>,
    /// Where it is declared.
    pub location: Option<Location>,
}

impl SuitePolicy {
    /// A required suite at pilot with this command, which reads every file; what it may say otherwise is not declared.
    pub fn new(kind: SuiteKind, name: impl Into<String>, command: Vec<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            command,
            tool: None,
            part: None,
            bench: None,
            slo: None,
            drill: None,
            equivalence: None,
            import: None,
            ready: None,
            stability: None,
            required: true,
            stage: Stage::Pilot,
            inputs: Vec::new(),
            env: Vec::new(),
            requires: Vec::new(),
            timeout: Duration::from_secs(1800),
            min_tests: 0,
            format: SuiteFormat::Auto,
            directory: None,
            artifacts: Vec::new(),
            whole: false,
            partition: None,
            group: None,
            location: None,
        }
    }

    /// A required suite over a tool, with the tool's usual arguments.
    pub fn tool(tool: &str) -> Self {
        Self {
            tool: Some(tool.to_owned()),
            ..Self::new(SuiteKind::Tool, tool, Vec::new())
        }
    }
}

/// How the output of a test suite is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SuiteFormat {
    /// libtest or nextest, detected from the output.
    #[default]
    Auto,
    /// `cargo test` and other libtest harnesses.
    Libtest,
    /// `cargo nextest run`.
    Nextest,
    /// Only the exit code: the suite counts as one test.
    ExitCode,
}

/// Which training run a suite judges. Paths are relative to the workspace root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadyPolicy {
    /// Its directory, or the database that records it.
    pub run: String,
    /// Which run of the database it is.
    pub run_id: Option<String>,
    /// Training data besides what the run declares.
    pub train: Vec<String>,
    /// Evaluation data besides what the run declares.
    pub eval: Vec<String>,
    /// The run to compare with, instead of the one that the run declares.
    pub baseline: Option<String>,
    /// Public keys of those who may sign the model.
    pub model_keys: Vec<String>,
}

/// How a suite of benchmarks is judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BenchPolicy {
    /// Where the reference of a benchmark without one of its own comes from.
    pub reference: BenchReference,
    /// Number of times a command without a reference of its own runs.
    pub rounds: u32,
    /// Most pairs of processes that are measured.
    pub max_pairs: u32,
    /// What builds the command, before it is measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<Vec<String>>,
    /// What of a whole process is a benchmark.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub process: Vec<ProcessMetric>,
    /// Where measurements are in documents of any form.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub json: Vec<JsonPolicy>,
    /// Which budgets hold.
    pub mode: BenchMode,
    /// Ratio of times to their reference from which on they fail, by the mode.
    pub time: f64,
    /// The same of sizes.
    pub size: f64,
    /// The same of peaks of memory.
    pub memory: f64,
    /// The same of counts.
    pub count: f64,
    /// Patterns of names that must be measured.
    pub expect: Vec<String>,
    /// How a benchmark without a counterpart in the reference is judged.
    pub added: Added,
    /// Limits of single benchmarks, in the order of the file.
    pub metrics: Vec<MetricPolicy>,
    /// Whether the suite is compared with itself, to propose its budgets. It is no evidence, and no file declares it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub calibrate: bool,
}

impl BenchPolicy {
    /// The limits that are declared for a benchmark.
    pub fn metric(&self, name: &str) -> Option<&MetricPolicy> {
        self.metrics.iter().find(|metric| pattern::matches(&metric.name, name))
    }
}

/// Where a reference comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BenchReference {
    /// Nowhere: benchmarks are compared with others of the same output, or with a number.
    None,
    /// A second command.
    Command(Vec<String>),
    /// The same command in the files of this commit.
    Commit(String),
}

/// What the system counts of a whole process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProcessMetric {
    /// Time from its start to its end.
    Wall,
    /// Processor time in user mode, with that of the processes that it waited for.
    User,
    /// Largest resident set, its own or that of a process that it waited for.
    Memory,
}

impl ProcessMetric {
    /// Name of the benchmark.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wall => "wall",
            Self::User => "user",
            Self::Memory => "memory",
        }
    }
}

/// Measurements in a JSON document. A pointer is one of RFC 6901 in which `*` stands for every element of an array, and for every
/// member of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct JsonPolicy {
    /// The document: a file below the target directory, which is removed before each process. Default: the file `{output}` where
    /// the command names it, and standard output otherwise.
    #[schemars(with = "Option<Text<1000>>", extend("examples" = ["{target}/results.json"]))]
    pub file: Option<String>,
    /// Pointer to the elements that are one measurement each. Default: the whole document.
    #[schemars(with = "Option<Pointer>", extend("examples" = ["/results/*"]))]
    pub pointer: Option<String>,
    /// Pointer to the name of the benchmark, from the element. Default: the keys that `*` stood for in `pointer`, or the last key of
    /// `pointer` and `value`.
    #[schemars(with = "Option<Pointer>", extend("examples" = ["/command"]))]
    pub name: Option<String>,
    /// Pointer to the number, from the element; with `*`, to all samples. Default: the element is the number.
    #[schemars(with = "Option<Pointer>", extend("examples" = ["/times/*"]))]
    pub value: Option<String>,
    /// Unit of the numbers, as in lines of JSON; what starts with `/` is a pointer to it, from the element. Default: none.
    #[schemars(with = "Option<Text<1000>>", extend("examples" = ["ms", "/time_unit"]))]
    pub unit: Option<String>,
    /// Whether a `lower` or a `higher` number is better, which gives any unit a budget. Default: what the unit says.
    pub better: Option<Better>,
}

/// Which numbers are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// Lower ones, as of times.
    Lower,
    /// Higher ones, as of rates.
    Higher,
}

/// Which budgets hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BenchMode {
    /// The budgets of `pr`, but exceeding one only warns.
    Soft,
    /// Budgets for every change.
    #[default]
    Pr,
    /// Narrow budgets, for more time.
    Nightly,
}

/// How a benchmark without a counterpart is judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Added {
    /// The suite is inconclusive, which is not a pass.
    #[default]
    Refuse,
    /// The suite warns.
    Warn,
}

/// Limits of benchmarks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("x-refused" = {
    "max-mad": "remove it: noise is met by more pairs, up to `max-pairs` of the suite",
    "noisy": "remove it: what noise leaves open is inconclusive; give the benchmark a larger `max-ratio`, which `cargo gate suite NAME --calibrate` proposes",
}))]
pub struct MetricPolicy {
    /// Name of the benchmark; `*` matches any characters.
    #[schemars(with = "Text<1000>", extend("examples" = ["parse/*"]))]
    pub name: String,
    /// Name of a benchmark of the same command to use as the reference.
    #[schemars(with = "Option<Text<1000>>", extend("examples" = ["full"]))]
    pub reference: Option<String>,
    /// Ratio to the reference from which on it fails, instead of the budget of the mode.
    #[schemars(range(min = 0.0, max = 20.0), extend("x-sane-max" = 4.0, "x-why" = "what may be twenty times its reference has no limit", "examples" = [0.1]))]
    pub max_ratio: Option<f64>,
    /// Smallest ratio to the reference, for measurements where larger is better.
    #[schemars(range(min = 0.05, max = 1000.0), extend("x-sane-min" = 0.25, "x-why" = "what may fall to a twentieth of its reference has no limit", "examples" = [0.9]))]
    pub min_ratio: Option<f64>,
    /// Largest median, in the unit of the benchmark.
    #[schemars(range(min = 0.0, max = 1e15), extend("x-why" = "no measurement is larger", "examples" = [30.0]))]
    pub at_most: Option<f64>,
    /// Smallest median, in the unit of the benchmark.
    #[schemars(range(min = 1e-9), extend("x-help" = "write a number above 0", "x-why" = "no measurement is negative", "examples" = [0.9]))]
    pub at_least: Option<f64>,
    /// First stage at which exceeding the limit blocks, not before that of the suite; earlier stages get a warning.
    pub blocks_at: Option<Stage>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}
