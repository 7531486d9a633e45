//! `[[exclusion]]`: surfaces and groups left out of the claim.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;
use gate_report::group::Group;

use super::pattern;
use super::problem::Problem;
use super::rule;
use super::rules::Rules;
use super::tables::{is_filled, tables, texts};
use super::value::{Glob, Text};

/// A surface excluded from the claim, with at least one package or path, or groups of evidence that are not claimed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Exclusion {
    /// What is excluded, in words.
    #[schemars(with = "Text", extend("examples" = ["the admin console"]))]
    pub surface: String,
    /// Groups of evidence that the decision does not claim: of `packages`, or of all. Checks and suites of these groups still
    /// run and block.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// Packages whose findings are excluded, or of which `groups` are.
    #[serde(default)]
    #[schemars(with = "Vec<Text>")]
    pub packages: Vec<String>,
    /// Globs over paths whose findings are excluded, relative to the workspace root.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>")]
    pub paths: Vec<String>,
    /// Why it is excluded.
    #[schemars(with = "Text<1000>", extend("examples" = ["not deployed yet"]))]
    pub reason: String,
    /// Risk of excluding it: `low`, `medium` or `high`.
    #[schemars(with = "Risk", extend("examples" = ["low"]))]
    pub risk: String,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// Risk label.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(
    dead_code,
    reason = "the words are those of the schema; the policy keeps the label as it is written"
)]
enum Risk {
    /// No user would notice.
    Low,
    /// Some users would notice.
    Medium,
    /// The service depends on it.
    High,
}

impl Exclusion {
    /// Whether it leaves a group out of the claim about a package.
    pub fn leaves_out(&self, group: Group, package: &str) -> bool {
        let named = || self.packages.iter().any(|name| pattern::matches(name, package));
        self.groups.contains(&group) && (self.packages.is_empty() || named())
    }
}

/// An exclusion excludes something, and nothing that every stage requires.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (exclusion, span) in tables(rules.file, &["exclusion"]) {
        let filled = |key| is_filled(exclusion, key);
        if !filled("packages") && !filled("paths") && !filled("groups") {
            problems.push(
                Problem::new(
                    span.clone(),
                    "no package, path or group given: the exclusion matches nothing",
                )
                .rule(&rule::EXCLUSION_OF_NOTHING)
                .help("add `packages = [\"…\"]`, `paths = [\"…\"]` or `groups = [\"…\"]`"),
            );
        }
        if filled("groups") && filled("paths") {
            problems.push(
                Problem::new(span, "`groups` and `paths` cannot be set together")
                    .rule(&rule::EXCLUDING_KEYS)
                    .help("write an exclusion for each; a group is excluded for packages, not for paths"),
            );
        }
        for (group, span) in texts(exclusion, "groups") {
            if ["integrity", "equivalence"].contains(&group) {
                problems.push(
                    Problem::new(span, format!("`{group}` cannot be excluded: every stage requires it"))
                        .rule(&rule::EXCLUSION_OF_BUILT_IN)
                        .help("remove it; to permit a single finding, use `cargo gate govern waiver add`"),
                );
            }
        }
    }
    problems
}
