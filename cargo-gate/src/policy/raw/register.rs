//! `[register]` of gate.toml, and the file that it names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::RawDate;

/// Whether something is wrong, or may go wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ItemKind {
    /// Something is wrong.
    #[default]
    Issue,
    /// Something may go wrong.
    Risk,
}

/// How bad an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nobody would notice.
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
    /// Somebody decided to close it later.
    Deferred,
    /// It is dealt with.
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
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
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

/// Where the register is kept.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawRegisterSection {
    /// Path of the register, relative to the workspace root.
    #[serde(default = "register_toml")]
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "path", "examples" = ["register.toml"]))]
    pub(in crate::policy) path: String,
    /// Whether every open or deferred issue has to say in `acceptance` what must be true for it to be closed.
    #[serde(default)]
    pub(in crate::policy) require_acceptance: bool,
}

fn register_toml() -> String {
    "register.toml".into()
}

/// Open, deferred and closed items of a workspace. Read by `cargo gate`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "register.toml")]
pub(in crate::policy) struct RawRegister {
    /// Version of this file format. Always 1.
    #[schemars(
        range(min = 1, max = 1),
        extend("examples" = [1], "x-help" = "write `version = 1`; a later format needs a later cargo-gate")
    )]
    pub(in crate::policy) version: u32,
    /// The items, in any order. Closed ones stay.
    #[serde(default)]
    #[schemars(with = "Vec<RawItem>")]
    pub(in crate::policy) item: Vec<Spanned<RawItem>>,
}

/// One item of the register: an issue, or a risk.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawItem {
    /// Name by which other items refer to it: letters, digits, `-`, `_` and `.`; unique and never used again.
    #[schemars(length(min = 1, max = 64), extend("x-format" = "item-id", "examples" = ["ISSUE-12"]))]
    pub(in crate::policy) id: String,
    /// What it is about, one line.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "text", "examples" = ["the cache loses writes"]))]
    pub(in crate::policy) title: String,
    /// Whether something is wrong, or may go wrong.
    #[serde(default)]
    pub(in crate::policy) kind: ItemKind,
    /// How bad an issue is. Every issue has one; a risk has an impact instead.
    #[schemars(extend("examples" = ["high"]))]
    pub(in crate::policy) severity: Option<Severity>,
    /// Whether it is open, deferred or closed.
    #[schemars(extend("examples" = ["open"]))]
    pub(in crate::policy) status: ItemStatus,
    /// Who answers for it: a team or a person.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "text", "examples" = ["platform-team"]))]
    pub(in crate::policy) owner: Option<String>,
    /// Day on which it was found.
    #[schemars(extend("examples" = ["2026-01-31"]))]
    pub(in crate::policy) opened: RawDate,
    /// Id of the item that deals with it.
    #[schemars(length(min = 1, max = 64), extend("x-format" = "item-id", "examples" = ["ISSUE-12"]))]
    pub(in crate::policy) tracked_by: Option<String>,
    /// What must be true for it to be closed, one sentence each.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "text" }
    ))]
    pub(in crate::policy) acceptance: Vec<String>,
    /// Last day of a deferral, in UTC.
    #[schemars(extend("examples" = ["2030-01-31"]))]
    pub(in crate::policy) until: Option<RawDate>,
    /// Why it is deferred.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["needs the new storage"]))]
    pub(in crate::policy) reason: Option<String>,
    /// How a deferred item will be closed.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["move to the new storage"]))]
    pub(in crate::policy) closure: Option<String>,
    /// Day on which it was closed.
    #[schemars(extend("examples" = ["2026-02-28"]))]
    pub(in crate::policy) closed: Option<RawDate>,
    /// The commit that closed it, by its hash. Every closed issue has one.
    #[schemars(
        length(min = 7, max = 64),
        extend("x-format" = "commit", "examples" = ["1f0e2d3c4b5a69788796a5b4c3d2e1f001234567"])
    )]
    pub(in crate::policy) commit: Option<String>,
    /// What closed it, in words: a release, or why nothing had to be done.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["fixed in 1.4.2"]))]
    pub(in crate::policy) resolution: Option<String>,
    /// How much a risk costs when it comes true.
    #[schemars(extend("examples" = ["high"]))]
    pub(in crate::policy) impact: Option<Level>,
    /// How likely a risk is to come true.
    #[schemars(extend("examples" = ["low"]))]
    pub(in crate::policy) probability: Option<Level>,
    /// What is done to keep a risk from coming true.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["pin the vendor's driver"]))]
    pub(in crate::policy) mitigation: Option<String>,
    /// What is done when a risk comes true.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["run on the CPU"]))]
    pub(in crate::policy) fallback: Option<String>,
    /// Day by which a risk is looked at again.
    #[schemars(extend("examples" = ["2030-01-31"]))]
    pub(in crate::policy) review: Option<RawDate>,
}
