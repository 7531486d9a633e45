//! Files and variables that a build read and that no fingerprint holds: sources outside the workspace or hidden by ignore
//! rules, what `include_str!` and build scripts read elsewhere, variables that sources ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use gate_base::digest::{Digest, DigestBuilder};
use gate_base::paths;
use gate_evidence::Read;
use gate_world::Workspace;
use gate_world::files::FileKind;
use gate_world::index::{Stamp, nanos_since_epoch};

use super::Build;
use super::units::list;
use crate::environment;
use crate::filter::InputFilter;
use gate_policy::SuitePolicy;

/// More than this is not digested, and then nothing tells two states of a directory apart.
const MOST_ENTRIES: usize = 20_000;

/// What is known of what a build read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildReads {
    /// What no fingerprint holds, with its digest.
    pub reads: Vec<Read>,
    /// What cannot be vouched for: it changed while the suite ran, or cannot be digested.
    pub unknown: Option<String>,
    /// Files of the repository's work tree that no commit can hold, because git ignores them: paths from the root.
    pub uncommitted: BTreeSet<String>,
    /// Files outside the repository that the compiler read: paths from the root. Packages are left to `git.clean`.
    pub outside: BTreeSet<String>,
}

impl BuildReads {
    pub(in super::super) fn extend(&mut self, other: Self) {
        for read in other.reads {
            if !self.reads.contains(&read) {
                self.reads.push(read);
            }
        }
        self.unknown = self.unknown.take().or(other.unknown);
        self.uncommitted.extend(other.uncommitted);
        self.outside.extend(other.outside);
    }
}

impl BuildReads {
    /// What a suite read by itself, at these paths, since it began.
    pub(in super::super) fn of(seen: &[PathBuf], began: i64) -> Self {
        let mut found = Self::default();
        for path in seen {
            match (path.to_str(), digest(path, Some(began))) {
                (Some(spelled), Some(digest)) => found.reads.push(Read::File {
                    path: spelled.to_owned(),
                    digest,
                }),
                _ => found.unknown = found.unknown.or_else(|| Some(paths::spell(path))),
            }
        }
        found
    }
}

impl Build {
    /// What the units of these build directories read beyond the files of the workspace. `began` is when the suite was
    /// started, nanoseconds since 1970.
    pub(in super::super) fn reads(&self, workspace: &Workspace, suite: &SuitePolicy, began: i64) -> BuildReads {
        let filter = InputFilter::new(suite);
        let mut files: BTreeSet<PathBuf> = BTreeSet::new();
        let mut variables: BTreeSet<String> = BTreeSet::new();
        let mut compiled = BTreeSet::new();
        for unit in self.units() {
            let normal: Vec<PathBuf> = unit.files.iter().map(|file| paths::normalize(file)).collect();
            compiled.extend(unit.compiled.then_some(&normal).into_iter().flatten().cloned());
            files.extend(normal);
            variables.extend(unit.variables);
        }
        let mut found = BuildReads {
            uncommitted: self.uncommitted(workspace, &files),
            outside: self.outside(workspace, &compiled),
            ..BuildReads::default()
        };
        for file in files {
            if self.is_held(workspace, &filter, &file) {
                continue;
            }
            match (file.to_str(), digest(&file, Some(began))) {
                (Some(path), Some(digest)) => found.reads.push(Read::File {
                    path: path.to_owned(),
                    digest,
                }),
                _ => found.unknown = found.unknown.or_else(|| Some(paths::spell(&file))),
            }
        }
        let variables = variables.into_iter().filter(|name| !environment::is_ours(name));
        found.reads.extend(variables.map(|name| Read::Variable {
            digest: variable(workspace, &name),
            name,
        }));
        found
    }

    /// Those of the files that a clone of the repository would not have. New files that git does not ignore are left to
    /// `git.clean`, and so are directories: what is in them need not be read.
    fn uncommitted(&self, workspace: &Workspace, files: &BTreeSet<PathBuf>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let real = |path: &Path| path.canonicalize().ok();
        let Some(git) = workspace.git() else { return found };
        let (Some(top), Some(root)) = (real(&git.top), real(workspace.root())) else {
            return found;
        };
        let gate = workspace.gate_dir();
        let made: Vec<PathBuf> = self
            .directories
            .iter()
            .chain([&gate])
            .filter_map(|path| real(path))
            .collect();
        let mut tracked = None;
        for file in files {
            let listed = file.strip_prefix(workspace.root()).ok();
            let listed = listed.is_some_and(|below| workspace.files().get(&paths::spell(below)).is_some());
            if listed || !file.is_file() || !self.packages.may_change(file) {
                continue;
            }
            let Some(file) = real(file) else { continue };
            let Ok(below) = file.strip_prefix(&top) else { continue };
            let is_of_git = below.components().any(|part| part.as_os_str() == ".git");
            if is_of_git || made.iter().any(|made| file.starts_with(made)) {
                continue;
            }
            // Without an answer of git there is nothing to compare with, and `git.clean` says so.
            let tracked = tracked.get_or_insert_with(|| git.tracked());
            if tracked
                .as_ref()
                .is_ok_and(|tracked| !tracked.contains(&paths::spell(below)))
            {
                found.insert(paths::relative(&root, &file));
            }
        }
        found
    }

    /// Those of the files that lie outside the repository and that somebody may edit.
    fn outside(&self, workspace: &Workspace, files: &BTreeSet<PathBuf>) -> BTreeSet<String> {
        let real = |path: &Path| path.canonicalize().ok();
        let top = workspace.git().and_then(|git| real(&git.top));
        let (Some(top), Some(root)) = (top, real(workspace.root())) else {
            return BTreeSet::new();
        };
        let dependencies = workspace.cargo().dependencies.iter();
        let members = workspace.cargo().members.iter();
        let packages = dependencies
            .filter_map(|dependency| real(dependency.manifest.parent()?))
            .chain(members.filter_map(|member| real(&workspace.root().join(&member.directory))));
        let elsewhere: Vec<PathBuf> = self
            .directories
            .iter()
            .chain([&workspace.gate_dir()])
            .filter_map(|path| real(path))
            .chain(packages)
            .collect();
        let read = files
            .iter()
            .filter(|file| self.packages.may_change(file) && file.is_file());
        let outside = read
            .filter_map(|file| real(file))
            .filter(|file| !file.starts_with(&top) && !elsewhere.iter().any(|directory| file.starts_with(directory)));
        outside.map(|file| paths::relative(&root, &file)).collect()
    }

    /// Whether the fingerprint of a suite holds a file already, or it is no input.
    fn is_held(&self, workspace: &Workspace, filter: &InputFilter, file: &Path) -> bool {
        let made = self.directories.iter().any(|directory| file.starts_with(directory));
        if made || !self.packages.may_change(file) || file.starts_with(workspace.gate_dir()) {
            return true;
        }
        let Ok(below) = file.strip_prefix(self.root()) else {
            return false;
        };
        let spelled = paths::spell(below);
        let listed = workspace.files().get(&spelled);
        listed.is_some_and(|listed| listed.kind == FileKind::Regular && filter.reads(&listed.path))
            // Cargo takes the files of a package from git, as the fingerprint does.
            || self.packages.has(file)
    }
}

/// Whether everything that a build read is still what it was.
pub fn still_holds(workspace: &Workspace, reads: &[Read]) -> Result<(), String> {
    for read in reads {
        match read {
            Read::File { path, digest: known } if digest(Path::new(path), None) != Some(*known) => {
                return Err(format!("`{path}`"));
            }
            Read::Variable { name, digest } if variable(workspace, name) != *digest => {
                return Err(format!("the variable `{name}`"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn variable(workspace: &Workspace, name: &str) -> Option<Digest> {
    let value = workspace.environment().get(name)?;
    Some(Digest::of(value.as_encoded_bytes()))
}

/// Digest of a file, or of all names and contents of a directory; that it is not there has a digest too. `None` where it
/// cannot be read, or changed at `since` or later.
fn digest(path: &Path, since: Option<i64>) -> Option<Digest> {
    let mut builder = DigestBuilder::new("read by a build");
    let mut pending = BTreeMap::from([(path.to_owned(), ())]);
    let mut seen = 0;
    while let Some((path, ())) = pending.pop_first() {
        seen += 1;
        if seen > MOST_ENTRIES {
            return None;
        }
        builder.part(path.as_os_str().as_encoded_bytes());
        let Ok(meta) = fs::metadata(&path) else {
            builder.part(b"absent");
            continue;
        };
        if since.is_some_and(|since| !is_settled(&path, since)) {
            return None;
        }
        if meta.is_dir() {
            pending.extend(list(&path).into_iter().map(|entry| (entry, ())));
        } else if meta.is_file() {
            builder.digest(&Digest::of_reader(fs::File::open(&path).ok()?).ok()?);
        } else {
            // A pipe has no end.
            return None;
        }
    }
    Some(builder.finish())
}

/// The first of these paths, or of what is below them, that changed at `since` or later. Behind [`MOST_ENTRIES`] nothing is looked at, so
/// the next one counts as changed.
pub(in super::super) fn changed(seen: &[PathBuf], since: i64) -> Option<PathBuf> {
    changed_among(MOST_ENTRIES, seen, since)
}

fn changed_among(most: usize, seen: &[PathBuf], since: i64) -> Option<PathBuf> {
    let mut pending: BTreeSet<PathBuf> = seen.iter().cloned().collect();
    let mut left = most;
    while let Some(path) = pending.pop_first() {
        if left == 0 || !is_settled(&path, since) {
            return Some(path);
        }
        left -= 1;
        if path.is_dir() {
            pending.extend(list(&path));
        }
    }
    None
}

/// Whether what is at a path changed before this time. A link that was turned leads to bytes that may be as old as those it led to
/// before.
fn is_settled(path: &Path, since: i64) -> bool {
    let both = [fs::metadata(path), fs::symlink_metadata(path)];
    both.iter().flatten().all(|meta| Stamp::of(meta).settled_before(since))
}

/// Now, as times of files are counted.
pub(in super::super) fn now() -> i64 {
    nanos_since_epoch(std::time::SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_or_was_not_looked_at_is_not_settled() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["a", "b"] {
            fs::write(directory.path().join(name), name).unwrap();
        }
        let seen = [directory.path().to_owned()];
        // Every file is older than the end of time, and none is older than 1970.
        assert_eq!(changed_among(3, &seen, i64::MAX), None);
        assert_eq!(changed_among(3, &seen, 0), Some(seen[0].clone()));
        assert_eq!(changed_among(2, &seen, i64::MAX), Some(directory.path().join("b")));
    }
}
