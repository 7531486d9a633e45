//! Exit checklists of the stages.

use std::ops::Range;

use serde::Serialize;
use toml::Spanned;

use crate::base::stage::Stage;
use crate::report::Location;

use super::raw::{RawArtifact, RawChecklistItem, RawChecklists};
use super::section::section;

/// Id of the check that judges checklists; an item of one cannot name it.
pub(crate) const CHECK_ID: &str = "checklist.stage";

/// One item of a checklist.
#[derive(Debug, Clone, Serialize)]
pub struct ChecklistItem {
    /// First stage that asks for it.
    pub stage: Stage,
    /// Unique name.
    pub id: String,
    /// What must be true.
    pub description: String,
    /// Ids of checks, with `*` and `?`.
    pub checks: Vec<String>,
    /// Files.
    pub artifacts: Vec<ChecklistArtifact>,
    /// Where it is declared.
    pub location: Location,
}

/// A file that an item asks for.
#[derive(Debug, Clone, Serialize)]
pub struct ChecklistArtifact {
    /// Path relative to the workspace root.
    pub path: String,
    /// SHA-256 that its bytes must have, in lowercase hexadecimal.
    pub sha256: Option<String>,
}

/// Items by stage, in the order of the stages.
pub(super) fn convert(raw: RawChecklists, at: &impl Fn(Range<usize>) -> Location) -> Vec<ChecklistItem> {
    let item = |stage, item: Spanned<RawChecklistItem>| {
        let location = at(item.span());
        let item = item.into_inner();
        ChecklistItem {
            stage,
            id: item.id,
            description: item.description,
            checks: item.checks,
            artifacts: item.artifacts.into_iter().map(artifact).collect(),
            location,
        }
    };
    let stages = [
        (Stage::Pilot, raw.pilot),
        (Stage::Controlled, raw.controlled),
        (Stage::Broad, raw.broad),
    ];
    stages
        .into_iter()
        .flat_map(|(stage, items)| items.into_iter().map(move |raw| item(stage, raw)))
        .collect()
}

fn artifact(raw: RawArtifact) -> ChecklistArtifact {
    match raw {
        RawArtifact::Path(path) => ChecklistArtifact { path, sha256: None },
        RawArtifact::Pinned(pinned) => ChecklistArtifact {
            path: pinned.path,
            sha256: Some(pinned.sha256),
        },
    }
}

section!(ChecklistItem, "checklists", checklist: Vec<ChecklistItem>);
