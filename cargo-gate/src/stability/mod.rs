//! What changed since the last release in what users rely on: public items and documents, judged by their class.

mod files;
mod release;

use std::collections::BTreeMap;

use semver::Version;
use serde::Serialize;

use crate::library::interface::{self, Change, Difference, ItemKind, Library};
use crate::policy::{StabilityClass, StabilityPolicy};
use crate::report::{Location, Reason};
use crate::surveys::Surveys;
use crate::workspace::cargo::Member;

use files::Files;
pub use release::Release;

/// Where two interfaces come from: the workspace, and git for its last release.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    workspace: &'a Surveys,
}

/// What differs from the last release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Name of the release, as it is written or found.
    pub reference: String,
    /// The commit that it stands for.
    pub commit: String,
    /// Packages with a library that may be published (all where none may) and that the release has, sorted by name.
    pub packages: Vec<PackageComparison>,
    /// Documents whose surface is stable or fluid and that differ, sorted by path.
    pub documents: Vec<DocumentChange>,
    /// Places of surfaces that cover nothing, in either version.
    #[serde(skip)]
    pub unmatched: Vec<Location>,
}

/// One package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackageComparison {
    /// Its name.
    pub name: String,
    /// Its version in the release.
    pub before: Version,
    /// Its version now.
    pub after: Version,
    /// Number of public names in the release.
    pub items: usize,
    /// What differs, without what is internal; sorted by path.
    pub changes: Vec<JudgedChange>,
}

/// One difference with its class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JudgedChange {
    /// The class of the item.
    pub class: StabilityClass,
    /// Whether it breaks a promise: a stable item, a change that breaks, and no version that says so.
    pub blocks: bool,
    /// The difference.
    #[serde(flatten)]
    pub change: Change,
    /// The surface that decides about the item.
    #[serde(skip)]
    pub surface: Option<Location>,
}

/// A document that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentChange {
    /// Its path.
    pub path: String,
    /// Its class.
    pub class: StabilityClass,
    /// Whether it is still there.
    pub removed: bool,
    /// The surface that decides about it.
    #[serde(skip)]
    pub surface: Location,
}

impl JudgedChange {
    /// What happened, in words.
    pub fn words(&self, reference: &str) -> String {
        let Change {
            path,
            kind,
            before,
            after,
            ..
        } = &self.change;
        let before = before.as_deref().unwrap_or_default();
        let after = after.as_deref().unwrap_or_default();
        let implements = *kind == ItemKind::Implementation;
        match self.change.difference {
            Difference::Added if implements => format!("`{path}` implements `{after}`, as it did not in {reference}"),
            Difference::Added => format!("the {} `{path}` came since {reference}", kind.word()),
            Difference::Removed if implements => {
                format!("`{path}` implements `{before}` no more, as it did in {reference}")
            }
            Difference::Removed => format!("the {} `{path}` is gone since {reference}", kind.word()),
            Difference::Changed if after.is_empty() => {
                format!("`{path}` is not `{before}` any more, as in {reference}")
            }
            Difference::Changed => format!("`{path}` changed since {reference}: `{before}` became `{after}`"),
            Difference::Narrowed if after.starts_with('`') => {
                format!(
                    "the {} `{path}` asks for more than in {reference}: {after} came",
                    kind.word()
                )
            }
            Difference::Narrowed => {
                format!(
                    "the {} `{path}` could be named completely in {reference}, and cannot now",
                    kind.word()
                )
            }
        }
    }
}

/// Whether users of `before` may find another interface in `after`, by the rules of Cargo.
fn announces(before: &Version, after: &Version) -> bool {
    let line = |version: &Version| match (version.major, version.minor) {
        (0, 0) => (0, 0, version.patch),
        (0, minor) => (0, minor, 0),
        (major, _) => (major, 0, 0),
    };
    line(after) > line(before)
}

impl<'a> Sources<'a> {
    /// The sources of a workspace.
    pub fn of(workspace: &'a Surveys) -> Self {
        Self { workspace }
    }

    /// The release that `reference` means.
    ///
    /// # Errors
    /// Why there is none to compare with.
    pub fn release(&self, reference: &str) -> Result<Release, Reason> {
        let git = self.workspace.git().ok_or_else(|| {
            Reason::new(
                "no_git",
                "the workspace is in no git repository, so its last release is unknown",
            )
            .help("run the gate in a clone of the repository")
        })?;
        Release::find(git, reference, &self.workspace.gate_dir())
    }

    /// Compares the workspace with a release of it.
    ///
    /// # Errors
    /// Why that cannot be done.
    pub fn compare(&self, policy: &StabilityPolicy) -> Result<Comparison, Reason> {
        let release = self.release(&policy.reference)?;
        let members: Vec<&Member> = self.workspace.cargo().members.iter().collect();
        let files = Files::of(&release, self.workspace, &members)?;
        let (before, now) = files.interfaces(&members);
        if let Some(path) = now.unreadable.first() {
            let reason = Reason::new(
                "unreadable_source",
                format!("cannot read `{path}`, the root of a library"),
            );
            return Err(reason.help(format!("make `{path}` readable, and let it lie in the workspace")));
        }
        let mut comparison = Comparison {
            reference: release.name.clone(),
            commit: release.commit.clone(),
            packages: Vec::new(),
            documents: self.documents(policy, &files)?,
            unmatched: Vec::new(),
        };
        let published = members.iter().any(|member| member.publish && library(member).is_some());
        for member in members.iter().filter(|member| member.publish || !published) {
            let Some(library) = library(member) else { continue };
            let (Some(old), Some(version)) = (before.libraries.get(&library.name), files.version(member)) else {
                continue;
            };
            let announced = announces(&version, &member.version);
            let new = now.libraries.get(&library.name).map(Vec::as_slice).unwrap_or_default();
            let judged = interface::compare(old, new).into_iter().map(|change| {
                let surface = policy.of_item(&change.path, &change.file);
                let class = surface.map_or(policy.default, |surface| surface.class);
                JudgedChange {
                    class,
                    blocks: class == StabilityClass::Stable && change.breaks() && !announced,
                    change,
                    surface: surface.map(|surface| surface.location.clone()),
                }
            });
            comparison.packages.push(PackageComparison {
                name: member.name.clone(),
                before: version,
                after: member.version.clone(),
                items: old.iter().filter(|item| !item.hidden).count(),
                changes: judged
                    .filter(|judged| judged.class != StabilityClass::Internal)
                    .collect(),
            });
        }
        comparison.packages.sort_by(|a, b| a.name.cmp(&b.name));
        let covered = |surface: &&crate::policy::Surface| {
            let items = now.libraries.values().chain(before.libraries.values()).flatten();
            let mut documents = self.workspace.documents().iter().map(|document| document.path.as_str());
            items
                .into_iter()
                .any(|item| surface.covers_item(&item.path, &item.file))
                || documents.any(|path| surface.covers_path(path))
                || files
                    .paths()
                    .any(|path| path.ends_with(".md") && surface.covers_path(path))
        };
        let unmatched = policy.surfaces.iter().filter(|surface| !covered(surface));
        comparison.unmatched = unmatched.map(|surface| surface.location.clone()).collect();
        Ok(comparison)
    }

    fn documents(&self, policy: &StabilityPolicy, files: &Files<'_>) -> Result<Vec<DocumentChange>, Reason> {
        let wanted = |path: &str| {
            let surface = policy.of_document(path)?;
            (surface.class != StabilityClass::Internal).then_some(surface)
        };
        let before: BTreeMap<&str, _> = files
            .paths()
            .filter(|path| path.ends_with(".md"))
            .filter_map(|path| Some((path, wanted(path)?)))
            .collect();
        let mut changes = Vec::new();
        for (path, surface) in before {
            let old = files.read(path)?;
            let new = self
                .workspace
                .documents()
                .get(path)
                .map(|document| document.text.replace("\r\n", "\n"));
            if new.as_deref() != Some(old.replace("\r\n", "\n").as_str()) {
                changes.push(DocumentChange {
                    path: path.to_owned(),
                    class: surface.class,
                    removed: new.is_none(),
                    surface: surface.location.clone(),
                });
            }
        }
        Ok(changes)
    }
}

/// The library target of a member.
fn library(member: &Member) -> Option<Library> {
    const KINDS: [&str; 4] = ["lib", "rlib", "dylib", "proc-macro"];
    let mut targets = member.targets.iter();
    let target = targets.find(|target| target.kind.iter().any(|kind| KINDS.contains(&kind.as_str())))?;
    Some(Library {
        name: target.name.replace('-', "_"),
        root: target.source.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::announces;

    #[test]
    fn versions_announce_by_the_rules_of_cargo() {
        let announced = |before: &str, after: &str| {
            announces(&before.parse().expect("a version"), &after.parse().expect("a version"))
        };
        for (before, after) in [
            ("1.2.0", "2.0.0"),
            ("0.4.1", "0.5.0"),
            ("0.0.1", "0.0.2"),
            ("0.9.0", "1.0.0"),
        ] {
            assert!(announced(before, after), "{before} {after}");
        }
        for (before, after) in [
            ("1.2.0", "1.3.0"),
            ("0.4.1", "0.4.2"),
            ("2.0.0", "1.9.0"),
            ("1.0.0", "1.0.0"),
        ] {
            assert!(!announced(before, after), "{before} {after}");
        }
    }
}
