//! `[[checklist.<stage>]]`: exit checklists of the stages, whose items are met by checks and files.

use crate::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use gate_base::stage::Stage;
use gate_report::Location;

use super::problem::Problem;
use super::rule;
use super::rules::Rules;
use super::tables::{is_filled, tables, text};
use super::value::{CheckPattern, FilePath, Sha256, SuiteName, Text};

/// Id of the check that judges checklists; an item of one cannot name it.
pub(crate) const CHECK_ID: &str = "checklist.stage";

/// Exit checklists of the stages. A stage requires its own items and those of earlier stages.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub(super) struct Checklists {
    /// Items that pilot and every later stage require.
    pilot: Vec<ChecklistItem>,
    /// Items that controlled and broad require.
    controlled: Vec<ChecklistItem>,
    /// Items that broad requires.
    broad: Vec<ChecklistItem>,
}

/// One item of a checklist. Whether it is met is computed from its checks and artifacts.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("x-refused" = {
    "status": "remove it: whether the item is met is computed from `checks` and `artifacts`",
    "done": "remove it: whether the item is met is computed from `checks` and `artifacts`"
}))]
pub struct ChecklistItem {
    /// First stage that requires it.
    #[serde(skip_deserializing, default = "first")]
    #[schemars(skip)]
    pub stage: Stage,
    /// Unique name: lowercase letters, digits, `-` and `_`, starting with a letter or digit.
    #[schemars(with = "SuiteName", extend("examples" = ["runbook-written"]))]
    pub id: String,
    /// What must be true, one sentence.
    #[schemars(with = "Text<500>", extend("examples" = ["The runbook is written"]))]
    pub description: String,
    /// Ids of checks that must pass; `*` matches any characters.
    #[serde(default)]
    #[schemars(with = "Vec<CheckPattern>", extend("examples" = [["suite.test.*"]]))]
    pub checks: Vec<String>,
    /// Files that must exist and not be empty: a path relative to the workspace root, or `{ path = "…", sha256 = "…"
    /// }`.
    #[serde(default)]
    #[schemars(extend("examples" = [["docs/runbook.md"]]))]
    pub artifacts: Vec<ChecklistArtifact>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// A file that an item requires.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Artifact")]
#[schemars(with = "Artifact")]
pub struct ChecklistArtifact {
    /// Path relative to the workspace root.
    pub path: String,
    /// SHA-256 that its bytes must have, in lowercase hexadecimal.
    pub sha256: Option<String>,
}

/// A file that a checklist item requires.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Artifact {
    /// Any non-empty contents.
    Path(#[schemars(with = "FilePath")] String),
    /// Exactly these contents.
    Pinned(Pinned),
}

/// A file with the digest of its contents.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Pinned {
    /// Path relative to the workspace root.
    #[schemars(with = "FilePath", extend("examples" = ["docs/runbook.md"]))]
    path: String,
    /// SHA-256 of its bytes in lowercase hexadecimal, as `sha256sum` prints it.
    #[schemars(with = "Sha256", extend("x-missing" = "add `sha256 = \"…\"`, or write the path alone"))]
    sha256: String,
}

impl From<Artifact> for ChecklistArtifact {
    fn from(artifact: Artifact) -> Self {
        match artifact {
            Artifact::Path(path) => Self { path, sha256: None },
            Artifact::Pinned(Pinned { path, sha256 }) => Self {
                path,
                sha256: Some(sha256),
            },
        }
    }
}

fn first() -> Stage {
    Stage::Pilot
}

/// Items by stage, in the order of the stages.
pub(super) fn items<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<ChecklistItem>, D::Error> {
    let lists = Checklists::deserialize(from)?;
    let stages = [
        (Stage::Pilot, lists.pilot),
        (Stage::Controlled, lists.controlled),
        (Stage::Broad, lists.broad),
    ];
    let of_stage = |(stage, items): (Stage, Vec<ChecklistItem>)| {
        items.into_iter().map(move |item| ChecklistItem { stage, ..item })
    };
    Ok(stages.into_iter().flat_map(of_stage).collect())
}

/// Every item has a name of its own and something that meets it.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut names = Vec::new();
    for stage in Stage::ALL {
        for (item, span) in tables(rules.file, &["checklist", stage.name()]) {
            names.extend(text(item, "id"));
            if !is_filled(item, "checks") && !is_filled(item, "artifacts") {
                let message = "no check or artifact given: the item can never be met";
                let problem = Problem::new(span, message).rule(&rule::CHECKLIST_ITEM_WITHOUT_CHECK);
                problems.push(problem.help("add `checks = [\"…\"]` or `artifacts = [\"…\"]`"));
            }
            let checks = item.get("checks").and_then(|checks| checks.get_ref().as_array());
            for check in checks.into_iter().flat_map(|checks| checks.iter()) {
                if check.get_ref().as_str() == Some(CHECK_ID) {
                    let problem = Problem::new(check.span(), "a checklist cannot meet itself");
                    let problem = problem.rule(&rule::CHECKLIST_OF_ITSELF);
                    problems.push(problem.help("list the checks that the checklist is about"));
                }
            }
        }
    }
    let what = "the checklist item";
    rules.duplicates(names.into_iter(), what, "give each item its own name", &mut problems);
    problems
}
