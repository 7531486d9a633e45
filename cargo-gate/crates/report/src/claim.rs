//! What a decision claims: by group, for the kinds of software that were judged.

use std::fmt;

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::group::Group;

/// Kind of software. It decides which groups a stage requires: a library has no service levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Runs all the time and answers others.
    Service,
    /// Started by people or programs, and ends.
    Tool,
    /// Learned from data.
    Model,
    /// Compiled for a GPU.
    Kernels,
    /// Part of other programs, or internal to the workspace.
    Library,
}

impl Kind {
    /// All kinds, those of which most is asked first.
    pub const ALL: [Kind; 5] = [Kind::Service, Kind::Tool, Kind::Model, Kind::Kernels, Kind::Library];

    /// Name as it stands in `gate.toml` and reports.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Service => "service",
            Kind::Tool => "tool",
            Kind::Model => "model",
            Kind::Kernels => "kernels",
            Kind::Library => "library",
        }
    }

    /// So many packages of this kind, in words.
    pub(crate) fn count(self, number: usize) -> String {
        match (self, number) {
            (Kind::Library, 1) => "1 library".to_owned(),
            (Kind::Library, _) => format!("{number} libraries"),
            (Kind::Kernels, 1) => "1 package of kernels".to_owned(),
            (Kind::Kernels, _) => format!("{number} packages of kernels"),
            (_, 1) => format!("1 {self}"),
            _ => format!("{number} {self}s"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Kind of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackageKind {
    /// Name of the package.
    pub package: String,
    /// Its kind.
    pub kind: Kind,
    /// Whether `[kinds]` declares it; otherwise it follows from the targets and dependencies of the package.
    #[serde(default)]
    pub declared: bool,
}

/// State of a group in a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// There is evidence, and it was judged.
    Claimed,
    /// Evidence is declared and has no judgement. The check or suite itself blocks.
    Unjudged,
    /// An exclusion leaves it out of the claim.
    Excluded,
    /// Evidence is declared for a later stage.
    Later,
    /// There is neither evidence nor an exclusion.
    Missing,
    /// No package is of a kind that requires it, and there is no evidence.
    NotAsked,
}

/// What a decision claims of one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroupClaim {
    /// The group.
    pub group: Group,
    /// Where it stands.
    pub standing: Standing,
    /// Packages whose kind requires it, sorted, without those of which it is excluded; empty when it does not depend on the kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<String>,
    /// Ids of the checks and suites that are the evidence, in the order of the report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Risk label of the exclusion: `low`, `medium` or `high`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<String>,
}

/// A default of the stage that the policy replaces by a weaker rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Relaxation {
    /// The weaker rule, in words.
    pub rule: String,
    /// Why, as declared.
    pub reason: String,
}
