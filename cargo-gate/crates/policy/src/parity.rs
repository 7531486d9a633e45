//! Suites of equivalence as the rest of the tool sees them: which cells of which scope, compared with what, and how.

use std::collections::BTreeMap;

use crate::JsonSchema;
use gate_equivalence::rule::Rules;
use gate_equivalence::scope::{Axis, AxisValue, Part, Scope};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::item::{ItemStatus, Severity};
use super::value::{Command, Day, FilePath, ItemId, Requirement, Revision, SuiteName, Text, optional_command};

/// How a suite of equivalence is judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EquivalencePolicy {
    /// Version of the scope.
    pub version: u64,
    /// Digest of the scope that this version has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
    /// What is compared, as claims and records of producers call it.
    pub implementation: String,
    /// A command that runs once on each side, before the cells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<Vec<String>>,
    /// Variables of the command.
    pub environment: BTreeMap<String, String>,
    /// Axes, in the order of the file.
    pub axes: Vec<AxisPolicy>,
    /// How many axes are combined completely.
    pub strength: u32,
    /// Cells, or parts of them, that always run.
    pub corners: Vec<Part>,
    /// Cells that never run.
    pub excluded: Vec<ExcludedCells>,
    /// Cells in which the implementations are known to differ.
    pub divergences: Vec<Divergence>,
    /// What it is compared with.
    pub references: Vec<Reference>,
    /// How outputs are compared.
    pub rules: Rules,
}

impl EquivalencePolicy {
    /// The scope that the policy declares.
    pub fn scope(&self) -> Scope {
        let axis = |axis: &AxisPolicy| Axis {
            name: axis.name.clone(),
            values: axis.values.clone(),
        };
        Scope {
            version: self.version,
            axes: self.axes.iter().map(axis).collect(),
            strength: self.strength as usize,
            corners: self.corners.clone(),
            excluded: self.excluded.iter().map(|excluded| excluded.cells.clone()).collect(),
        }
    }

    /// The reference that is right where references differ: the one that is declared so, else the first.
    pub fn oracle(&self) -> Option<&Reference> {
        self.references
            .iter()
            .find(|reference| reference.oracle)
            .or(self.references.first())
    }
}

/// A dimension along which implementations could differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AxisPolicy {
    /// Its name: `{name}` in commands, and `CARGO_GATE_CELL_NAME` in their environment.
    #[schemars(with = "SuiteName", extend("examples" = ["size"]))]
    pub name: String,
    /// Its values: numbers or words. Write the edges too: 0, 1, a prime, one more than a block.
    #[schemars(length(min = 1), extend("examples" = [[0, 1, 1000]]))]
    pub values: Vec<AxisValue>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// Cells that are left out of the claim, with the risk of that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExcludedCells {
    /// Unique id.
    #[schemars(with = "ItemId", extend("examples" = ["no-f16-sort"]))]
    pub id: String,
    /// Values of axes, `{ dtype = "f16", size = [0, 1] }`: cells that have them are left out.
    pub cells: Part,
    /// How bad a difference there would be.
    #[schemars(extend("examples" = ["low"]))]
    pub severity: Severity,
    /// Whether the risk is open, deferred or closed. An open one is tracked by an item of the register.
    #[schemars(extend("examples" = ["deferred"]))]
    pub status: ItemStatus,
    /// Why they are left out.
    #[schemars(with = "Text<1000>", extend("examples" = ["no caller sorts halves"]))]
    pub reason: String,
    /// Owner: a team or a person.
    #[schemars(with = "Text", extend("examples" = ["platform-team"]))]
    pub owner: String,
    /// Last day on which they may be left out, in UTC.
    #[schemars(with = "Day", extend("examples" = ["2030-01-31"]))]
    pub until: Date,
    /// Id of the open item of the register that tracks the risk.
    #[schemars(with = "Option<ItemId>", extend("examples" = ["RISK-3"]))]
    pub tracked_by: Option<String>,
    /// State of that item; known once the register is read.
    #[serde(skip_deserializing)]
    #[schemars(skip)]
    pub tracker: Option<ItemStatus>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// Cells in which implementations are known to differ, until a day. One that does not differ any more is a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Divergence {
    /// Unique id.
    #[schemars(with = "ItemId", extend("examples" = ["rounding-of-halves"]))]
    pub id: String,
    /// Values of axes: cells that have them differ.
    pub cells: Part,
    /// Why they differ.
    #[schemars(with = "Text<1000>", extend("examples" = ["the library rounds halves away from zero"]))]
    pub reason: String,
    /// Owner: a team or a person.
    #[schemars(with = "Text", extend("examples" = ["platform-team"]))]
    pub owner: String,
    /// Last day on which they may differ, in UTC.
    #[schemars(with = "Day", extend("examples" = ["2030-01-31"]))]
    pub until: Date,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// What the command is compared with: another command, the command at another commit or with other variables, or a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Reference {
    /// Unique name.
    #[schemars(with = "SuiteName", extend("examples" = ["naive"]))]
    pub name: String,
    /// A command that gives the output of a cell.
    #[serde(
        default,
        deserialize_with = "optional_command",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<Command>", extend("examples" = [["python3", "reference.py", "{size}"]]))]
    pub command: Option<Vec<String>>,
    /// A commit, tag or branch: the command of the suite runs in its files.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Revision>", extend("examples" = ["origin/main"]))]
    pub commit: Option<String>,
    /// A recorded output, relative to the workspace root, with axes as placeholders.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<FilePath>", extend("examples" = ["oracle/{size}.csv"]))]
    pub file: Option<String>,
    /// For `file`: JSON lines that say who produced each recorded output, and its SHA-256.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<FilePath>", extend("examples" = ["oracle/record.jsonl"]))]
    pub record: Option<String>,
    /// Variables that choose another backend or profile. Without `command`, the command of the suite runs with them.
    #[serde(default)]
    #[schemars(extend("additionalProperties" = { "type": "string", "maxLength": 4000 }))]
    pub environment: BTreeMap<String, String>,
    /// Whether it is right where references differ. Default: the first one is.
    #[serde(default)]
    pub oracle: bool,
    /// What it requires of the machine: `program:<name>`, `env:<name>`, `os:<name>`.
    #[serde(default)]
    #[schemars(with = "Vec<Requirement>", extend("examples" = [["program:python3"]]))]
    pub requires: Vec<String>,
    /// Why the machine may lack that: the suite is then judged by the other references, and claims nothing about this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Text<1000>>", extend("examples" = ["CI has no GPU"]))]
    pub absent: Option<String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}
