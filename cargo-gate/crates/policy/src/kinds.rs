//! `[kinds]`: what kind of software each package is. The kind decides which evidence the stages ask for.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;
use gate_report::claim::Kind;

use super::pattern;
use super::problem::Problem;
use super::rule;
use super::rules::Rules;
use super::tables::{table, texts};
use super::value::Text;

/// Packages by their kind. A package that no list names gets its kind from its targets and dependencies.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KindPolicy {
    /// Packages that run all the time and answer others; `*` matches any characters.
    #[serde(default)]
    #[schemars(with = "Vec<Text>", extend("examples" = [["api", "worker-*"]]))]
    pub service: Vec<String>,
    /// Packages that people or programs start, and that end.
    #[serde(default)]
    #[schemars(with = "Vec<Text>", extend("examples" = [["cli"]]))]
    pub tool: Vec<String>,
    /// Packages that serve or hold a model learned from data.
    #[serde(default)]
    #[schemars(with = "Vec<Text>", extend("examples" = [["ranker"]]))]
    pub model: Vec<String>,
    /// Packages whose code is compiled for a GPU.
    #[serde(default)]
    #[schemars(with = "Vec<Text>", extend("examples" = [["kernels"]]))]
    pub kernels: Vec<String>,
    /// Packages that are part of other programs, or internal to the workspace.
    #[serde(default)]
    #[schemars(with = "Vec<Text>", extend("examples" = [["core", "test-*"]]))]
    pub library: Vec<String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

impl KindPolicy {
    /// Names and patterns declared for a kind.
    pub fn of(&self, kind: Kind) -> &[String] {
        match kind {
            Kind::Service => &self.service,
            Kind::Tool => &self.tool,
            Kind::Model => &self.model,
            Kind::Kernels => &self.kernels,
            Kind::Library => &self.library,
        }
    }

    /// The declared kind of a package: by its name before any pattern, and among patterns by the kind of which most is
    /// asked.
    pub fn kind_of(&self, package: &str) -> Option<Kind> {
        let named = |kind: &Kind| self.of(*kind).iter().any(|name| name == package);
        let matched = |kind: &Kind| self.of(*kind).iter().any(|name| pattern::matches(name, package));
        Kind::ALL
            .into_iter()
            .find(named)
            .or_else(|| Kind::ALL.into_iter().find(matched))
    }
}

/// A package has one kind.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let Some(kinds) = table(rules.file, &["kinds"]) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    let mut seen: Vec<(&str, Kind)> = Vec::new();
    for kind in Kind::ALL {
        for (name, span) in texts(kinds, kind.name()) {
            match seen.iter().find(|(known, _)| *known == name) {
                Some((_, other)) => problems.push(
                    Problem::new(
                        span,
                        format!("`{}` is already declared as {other}", super::problem::shown(name)),
                    )
                    .rule(&rule::DUPLICATE_NAME)
                    .help("a package has one kind: remove one of the two"),
                ),
                None => seen.push((name, kind)),
            }
        }
    }
    problems
}
