//! The last release, and which documents that it promised have changed since.

mod release;

use gate_policy::{StabilityClass, StabilityPolicy, Surface};
use gate_report::{Location, Reason};
use gate_world::Workspace;

pub use release::Release;

/// The workspace beside its last release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Name of the release, as it is written or found.
    pub reference: String,
    /// Stable documents that differ, sorted by path.
    pub documents: Vec<DocumentChange>,
    /// Places of surfaces that name files, none of which exists in either version.
    pub unmatched: Vec<Location>,
}

/// A document that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentChange {
    /// Its path.
    pub path: String,
    /// Whether the file no longer exists.
    pub removed: bool,
    /// The surface that decides about it.
    pub surface: Location,
}

/// Compares the documents of the workspace with those of its last release.
///
/// # Errors
/// Why there is no release to compare with, or why git cannot read it.
pub fn compare(workspace: &Workspace, policy: &StabilityPolicy) -> Result<Comparison, Reason> {
    let (git, release) = Release::of(workspace, &policy.reference)?;
    let unknown = |error| release::unknown(git, error);
    let tree = git.tree(&release.commit).map_err(unknown)?;
    let stable = |path: &str| policy.of_document(path).filter(|it| it.class == StabilityClass::Stable);
    let promised: Vec<(&String, &String, &Surface)> = (tree.iter())
        .filter(|(path, _)| path.ends_with(".md"))
        .filter_map(|(path, id)| Some((path, id, stable(path)?)))
        .collect();
    let ids: Vec<&str> = promised.iter().map(|(_, id, _)| id.as_str()).collect();
    let released = git.blobs(&ids).map_err(unknown)?;
    let mut documents = Vec::new();
    for ((path, _, surface), before) in promised.into_iter().zip(released) {
        let now = workspace.read(path).ok();
        if now.as_deref().map(text) != Some(text(&before)) {
            documents.push(DocumentChange {
                path: path.clone(),
                removed: now.is_none(),
                surface: surface.location.clone(),
            });
        }
    }
    let exists = |surface: &Surface| {
        let mut now = workspace.files().iter().map(|file| file.path.as_str());
        now.any(|path| surface.covers_path(path)) || tree.keys().any(|path| surface.covers_path(path))
    };
    // Only the tool that compares items knows which of them exist.
    let unmatched = (policy.surfaces.iter()).filter(|surface| surface.items.is_empty() && !exists(surface));
    Ok(Comparison {
        reference: release.name,
        documents,
        unmatched: unmatched.map(|surface| surface.location.clone()).collect(),
    })
}

/// The text of a document; git may change line endings when it checks a file out.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n")
}
