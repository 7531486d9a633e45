//! `[register]` of gate.toml, and the items of the file that it names.

use crate::JsonSchema;
use jiff::civil::Date;
#[cfg(feature = "schema")]
use schemars::Schema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use gate_report::Location;

use super::value::{Commit, Day, FilePath, ItemId, Text};

/// Location of the register, and its items.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Register {
    /// Path of the register, relative to the workspace root.
    #[serde(default = "register_toml")]
    #[schemars(with = "FilePath", extend("examples" = ["register.toml"]))]
    pub path: String,
    /// Whether every open or deferred issue must have `acceptance` criteria.
    #[serde(default)]
    pub require_acceptance: bool,
    /// Items in the order of the file.
    #[serde(skip_deserializing)]
    #[schemars(skip)]
    pub items: Vec<RegisterItem>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

fn register_toml() -> String {
    "register.toml".into()
}

/// Open, deferred and closed items of a workspace. Read by `cargo gate`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "register.toml")]
pub(super) struct RegisterFile {
    /// Version of this file format. Always 1.
    #[serde(rename = "version")]
    #[schemars(
        range(min = 1, max = 1),
        extend("examples" = [1], "x-help" = "write `version = 1`; a later format needs a later cargo-gate")
    )]
    _version: u32,
    /// The items, in any order. Closed items are kept.
    #[serde(default)]
    pub(super) item: Vec<RegisterItem>,
}

/// One item of the register: an issue, or a risk.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(transform = with_impact)]
pub struct RegisterItem {
    /// Id by which other items refer to it: letters, digits, `-`, `_` and `.`; unique and never reused.
    #[schemars(with = "ItemId", extend("examples" = ["ISSUE-12"]))]
    pub id: String,
    /// Title, one line.
    #[schemars(with = "Text", extend("examples" = ["the cache loses writes"]))]
    pub title: String,
    /// Whether it is an issue or a risk.
    #[serde(default)]
    pub kind: ItemKind,
    /// Severity of an issue. Every issue has one; a risk has an impact instead.
    #[serde(alias = "impact")]
    #[schemars(extend("examples" = ["high"]))]
    pub severity: Severity,
    /// Whether it is open, deferred or closed.
    #[schemars(extend("examples" = ["open"]))]
    pub status: ItemStatus,
    /// Owner: a team or a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Text>", extend("examples" = ["platform-team"]))]
    pub owner: Option<String>,
    /// Date on which it was found.
    #[schemars(with = "Day", extend("examples" = ["2026-01-31"]))]
    pub opened: Date,
    /// Id of the item that tracks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<ItemId>", extend("examples" = ["ISSUE-12"]))]
    pub tracked_by: Option<String>,
    /// Conditions for closing it, one sentence each.
    #[serde(default)]
    #[schemars(with = "Vec<Text<1000>>")]
    pub acceptance: Vec<String>,
    /// Last day of a deferral, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Day>", extend("examples" = ["2030-01-31"]))]
    pub until: Option<Date>,
    /// Why it is deferred.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Text<1000>>", extend("examples" = ["needs the new storage"]))]
    pub reason: Option<String>,
    /// How a deferred item will be closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Text<1000>>", extend("examples" = ["move to the new storage"]))]
    pub closure: Option<String>,
    /// Date on which it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Day>", extend("examples" = ["2026-02-28"]))]
    pub closed: Option<Date>,
    /// Hash of the commit that closed it. Every closed issue has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Option<Commit>",
        length(min = 7),
        extend("examples" = ["1f0e2d3c4b5a69788796a5b4c3d2e1f001234567"])
    )]
    pub commit: Option<String>,
    /// How it was closed: a release, or why no change was needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Text<1000>>", extend("examples" = ["fixed in 1.4.2"]))]
    pub resolution: Option<String>,
    /// Probability of a risk.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["low"]))]
    pub probability: Option<Level>,
    /// How a risk is mitigated.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Text<1000>>", extend("examples" = ["pin the vendor's driver"]))]
    pub mitigation: Option<String>,
    /// What to do if a risk occurs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Text<1000>>", extend("examples" = ["run on the CPU"]))]
    pub fallback: Option<String>,
    /// Date of the next review of a risk.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Day>", extend("examples" = ["2030-01-31"]))]
    pub review: Option<Date>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// A risk has an impact in the place of a severity; rules between the values see to it that each item has its own.
#[cfg(feature = "schema")]
fn with_impact(schema: &mut Schema) {
    if let Some(required) = schema.get_mut("required").and_then(serde_json::Value::as_array_mut) {
        required.retain(|key| key != "severity");
    }
    let impact = json!({
        "description": "How much a risk costs when it comes true.",
        "type": "string",
        "enum": ["low", "medium", "high"],
        "examples": ["high"]
    });
    if let Some(properties) = schema.get_mut("properties").and_then(serde_json::Value::as_object_mut) {
        properties.insert("impact".into(), impact);
    }
}

/// Whether it is an issue or a risk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ItemKind {
    /// Something is wrong.
    #[default]
    Issue,
    /// Something may go wrong.
    Risk,
}

/// Severity of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No user would notice.
    Low,
    /// Some users notice.
    Medium,
    /// Many users notice; blocks broad.
    High,
    /// The service is wrong, unsafe or down; blocks controlled.
    Critical,
}

impl Severity {
    /// The word as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// State of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ItemStatus {
    /// Nothing has been decided.
    Open,
    /// Closing it was postponed.
    Deferred,
    /// It is resolved.
    Closed,
}

impl ItemStatus {
    /// The word as it is written.
    pub fn name(self) -> &'static str {
        match self {
            ItemStatus::Open => "open",
            ItemStatus::Deferred => "deferred",
            ItemStatus::Closed => "closed",
        }
    }
}

/// Impact or probability of a risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
}

impl Level {
    /// The word as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Level::Low => "low",
            Level::Medium => "medium",
            Level::High => "high",
        }
    }
}
