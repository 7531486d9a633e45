//! What the checks ask of a data set that Croissant describes.

mod archives;
mod document;
mod files;
mod found;
mod records;

use crate::croissant::Croissant;
use crate::run::Run;
use crate::verdict::{Problem, Verdict, fail, warn};

pub(super) use files::chain;

/// `contract_integrity`.
pub(super) fn contract(run: &Run<'_>, croissant: &Croissant) -> Vec<Problem> {
    use crate::documents::Document;
    let path = croissant.path;
    let value = match &croissant.document {
        Document::Missing => return vec![fail(format!("Missing required files: {path}"))],
        Document::Broken(why) => return vec![fail(format!("Cannot read {path}: {why}"))],
        Document::Read(value) => value,
    };
    let mut problems = document::check(path, value);
    problems.extend(files::described(run, croissant));
    problems.extend(records::check(run, croissant, value));
    problems
}

/// `reproducibility`: whether the same data can be had again.
pub(super) fn reproducibility(croissant: &Croissant) -> Verdict {
    use crate::croissant::{Kind, term};
    let Some(value) = croissant.document.value() else {
        return Verdict::skipped(format!("`{}` cannot be read", croissant.path));
    };
    let mut problems = Vec::new();
    if term(value, "version").is_none() {
        problems.push(warn("the data set has no `version`"));
    }
    if term(value, "isLiveDataset").is_some_and(|live| *live != serde_json::Value::Bool(false)) {
        problems.push(warn(
            "the data set is live: its files change, and the next download has others",
        ));
    }
    let unpinned = croissant.resources.iter().find(|resource| {
        resource.is_remote() && matches!(resource.kind, Kind::File(_)) && found::recorded(resource).is_none()
    });
    if let Some(resource) = unpinned {
        problems.push(warn(format!(
            "`{}` is downloaded without a SHA-256: the next download may have other bytes",
            resource.called()
        )));
    }
    Verdict::of(&problems, "", "The version and the hashes of the data are recorded")
}
