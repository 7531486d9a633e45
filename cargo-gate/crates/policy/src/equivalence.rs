//! `[[suite.equivalence]]`: suites that compare implementations, what is declared, and rules between the values.

mod rules;
mod scope;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::JsonSchema;
use gate_equivalence::rule::{ColumnRule, Format, Key, RowOrder, Rules, Ties};
use gate_equivalence::scope::Part;
use serde::Deserialize;

use gate_base::stage::Stage;
use gate_report::Location;
use gate_report::group::Group;

use super::item::RegisterItem;
use super::parity::{AxisPolicy, Divergence, EquivalencePolicy, ExcludedCells, Reference};
use super::suite::{SuiteKind, SuitePolicy};
use super::value::{
    Command, EnvName, FilePath, Glob, Requirement, Sha256, SuiteName, Text, TimeLimit, command, half_an_hour,
    optional_command, period, pilot, yes,
};

pub(super) use rules::problems;

/// Implementations that must give the same for every cell of a scope.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct EquivalenceSuite {
    /// Unique name: lowercase letters, digits, `-` and `_`, starting with a letter or digit.
    #[schemars(with = "SuiteName", extend("examples" = ["equivalence"]))]
    name: String,
    /// Version of the scope: raise it whenever axes, values, corners or exclusions change.
    #[schemars(range(min = 1, max = 1_000_000), extend("examples" = [1]))]
    version: u64,
    /// SHA-256 of the scope that this version has, which every run prints. A scope with another digest has drifted.
    #[schemars(with = "Option<Sha256>")]
    frozen: Option<String>,
    /// Program and arguments of the implementation under test. `{axis}` is the value of an axis; `{output}` is a file that it
    /// writes, without which it writes to standard output; `{target}` is the target directory.
    #[serde(deserialize_with = "command")]
    #[schemars(with = "Command", extend("examples" = [["cargo", "run", "--quiet", "--locked", "--", "{size}"]]))]
    command: Vec<String>,
    /// Variables of the command.
    #[serde(default)]
    #[schemars(extend("additionalProperties" = { "type": "string", "maxLength": 4000 }))]
    environment: BTreeMap<String, String>,
    /// A command that runs once before the cells, and once in the files of each reference commit.
    #[serde(default, deserialize_with = "optional_command")]
    #[schemars(with = "Option<Command>", extend("examples" = [["cargo", "build", "--release", "--locked"]]))]
    build: Option<Vec<String>>,
    /// Name of the implementation under test. A recorded output that it produced itself is refused. Default: the name of the suite.
    #[schemars(with = "Option<Text>", extend("examples" = ["fast-sort"]))]
    implementation: Option<String>,
    /// How outputs are written.
    #[serde(default)]
    format: Format,
    /// What the order of rows means.
    #[serde(default)]
    rows: RowOrder,
    /// Columns by which rows are sorted, for `rows = "sorted"`.
    #[serde(default)]
    key: Vec<Key>,
    /// What the order of rows with equal keys means, for `rows = "sorted"`.
    ties: Option<Ties>,
    /// In CSV, the field that is null. Default: the empty one.
    #[schemars(length(max = 100), extend("examples" = ["NULL"]))]
    null: Option<String>,
    /// Rules of columns and tensors. What none of them names is compared exactly.
    #[serde(default)]
    column: Vec<ColumnRule>,
    /// Axes of the scope.
    #[serde(default)]
    axis: Vec<AxisPolicy>,
    /// How many axes are combined completely: with 2, every pair of values of two axes is in some cell. Default: 2.
    #[schemars(range(min = 1, max = 3), extend("x-sane-min" = 2, "x-why" = "faults often need two values together, rarely four", "examples" = [2]))]
    strength: Option<u32>,
    /// Cells, or parts of cells, that always run.
    #[serde(default)]
    corners: Vec<Part>,
    /// Cells that are left out, each with its risk.
    #[serde(default)]
    exclude: Vec<ExcludedCells>,
    /// Cells in which the implementations are known to differ.
    #[serde(default)]
    divergence: Vec<Divergence>,
    /// What the command is compared with.
    #[serde(default)]
    reference: Vec<Reference>,
    /// Whether the suite must pass. A suite that is not required only warns.
    #[serde(default = "yes")]
    required: bool,
    /// First stage that needs the suite.
    #[serde(default = "pilot")]
    stage: Stage,
    /// Globs over the paths that the suite reads, relative to the workspace root. Default: every file.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>")]
    inputs: Vec<String>,
    /// Names of environment variables that the suite reads. If a value changes, the suite runs again.
    #[serde(default)]
    #[schemars(with = "Vec<EnvName>")]
    env: Vec<String>,
    /// What the suite requires of the machine: `program:<name>` on PATH, `env:<name>` set, `os:<linux|macos|windows>`.
    #[serde(default)]
    #[schemars(with = "Vec<Requirement>", extend("examples" = [["program:python3"]]))]
    requires: Vec<String>,
    /// Time limit of each command: a number with `s`, `m`, `h` or `d`.
    #[serde(default = "half_an_hour", with = "period")]
    #[schemars(with = "TimeLimit")]
    timeout: Duration,
    /// Working directory, relative to the workspace root.
    #[schemars(with = "Option<FilePath>", extend("examples" = ["services/api"]))]
    directory: Option<String>,
    /// Group in which the suite runs. Default: `equivalence`.
    #[schemars(extend("examples" = ["resilience"]))]
    group: Option<Group>,
    /// Where it is declared.
    #[schemars(skip)]
    location: Location,
}

impl From<EquivalenceSuite> for SuitePolicy {
    fn from(suite: EquivalenceSuite) -> Self {
        let equivalence = EquivalencePolicy {
            version: suite.version,
            frozen: suite.frozen,
            implementation: suite.implementation.unwrap_or_else(|| suite.name.clone()),
            build: suite.build,
            environment: suite.environment,
            axes: suite.axis,
            strength: suite.strength.unwrap_or(2),
            corners: suite.corners,
            excluded: suite.exclude,
            divergences: suite.divergence,
            references: suite.reference,
            rules: Rules {
                format: suite.format,
                order: suite.rows,
                keys: suite.key,
                ties: suite.ties.unwrap_or_default(),
                null: suite.null.unwrap_or_default(),
                columns: suite.column,
            },
        };
        Self {
            equivalence: Some(Box::new(equivalence)),
            required: suite.required,
            stage: suite.stage,
            inputs: suite.inputs,
            env: suite.env,
            requires: suite.requires,
            timeout: suite.timeout,
            directory: suite.directory,
            group: suite.group,
            location: Some(suite.location),
            ..Self::new(SuiteKind::Equivalence, suite.name, suite.command)
        }
    }
}

/// Looks up the items of the register that track the risks of what is left out.
pub(super) fn attach(suites: &mut [SuitePolicy], items: &[RegisterItem]) {
    let states: BTreeMap<&str, _> = items.iter().map(|item| (item.id.as_str(), item.status)).collect();
    let suites = suites.iter_mut().filter_map(|suite| suite.equivalence.as_mut());
    for excluded in suites.flat_map(|suite| &mut suite.excluded) {
        excluded.tracker = excluded.tracked_by.as_deref().and_then(|id| states.get(id).copied());
    }
}

#[cfg(test)]
mod tests;
