//! The last release: which commit it is, and what it held.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use semver::Version;

use crate::boundary::scan::source_string;
use crate::digest::{Digest, DigestBuilder};
use crate::library::interface::{Interface, Library, Parsed};
use crate::policy::pattern;
use crate::report::Reason;
use crate::workspace::Workspace;
use crate::workspace::cache;
use crate::workspace::cargo::Member;
use crate::workspace::files::FileKind;
use crate::workspace::git::{Ancestry, Git, Tag};

/// A commit that was released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The tag, branch or commit as it was named.
    pub name: String,
    /// Its full hash.
    pub commit: String,
}

impl Release {
    /// Finds what a reference means. Which tags come before the checked out commit can take a walk through all of history,
    /// so that the answer is kept in the gate directory.
    pub(super) fn find(git: &Git, reference: &str, gate_dir: &Path) -> Result<Self, Reason> {
        if pattern::is_pattern(reference) {
            return tagged(git, reference, gate_dir);
        }
        match git.resolve(reference) {
            Ok(commit) => Ok(Self {
                name: reference.to_owned(),
                commit,
            }),
            Err(error) => Err(unknown(git, error)),
        }
    }

    /// Everything that the release held and that is needed.
    pub(super) fn files<'w>(&self, workspace: &'w Workspace) -> Result<Files<'w>, Reason> {
        let git = workspace
            .git()
            .ok_or_else(|| Reason::new("no_git", "the workspace is in no git repository"))?;
        let tree = git.tree(&self.commit).map_err(|error| unknown(git, error))?;
        let staged = git.staged();
        let dirty: BTreeSet<&str> = git.dirty.iter().map(|dirty| dirty.path.as_str()).collect();
        let same = |(path, id): &(&String, &String)| {
            staged.get(*path) == Some(id) && !dirty.contains(path.as_str()) && is_regular(workspace, path)
        };
        let unchanged = tree.iter().filter(same).map(|(path, _)| path.clone()).collect();
        let mut files = Files {
            workspace,
            git,
            unchanged,
            tree,
            texts: BTreeMap::new(),
            packages: BTreeMap::new(),
        };
        files.load(|path| path.ends_with("Cargo.toml"))?;
        files.packages();
        // Where modules lie as a rule; those that a path names elsewhere are read when they are asked for.
        let roots = files.packages.values();
        let below: Vec<String> = roots
            .map(|package| {
                package
                    .root
                    .rsplit_once('/')
                    .map_or_else(String::new, |(directory, _)| format!("{directory}/"))
            })
            .collect();
        files
            .load(|path| path.ends_with(".rs") && below.iter().any(|directory| path.starts_with(directory.as_str())))?;
        Ok(files)
    }
}

/// Name of the record in the gate directory.
const RECORD: &str = "last-release";

/// Raised when the stored form or the choice of a tag changes.
const VERSION: u32 = 1;

/// How many tags are asked about one by one before git is asked about all of them. The first, which is the highest version, is
/// nearly always the one; each that is not may take as long as asking about all.
const ONE_BY_ONE: usize = 3;

/// The highest version among the tags of commits before the one that is checked out.
fn tagged(git: &Git, reference: &str, gate_dir: &Path) -> Result<Release, Reason> {
    let cannot = |error| unknown(git, error);
    let tags = git.tags(gate_dir).map_err(cannot)?;
    // Commits never change: the answer holds while the commit and all tags are the same.
    let mut key = DigestBuilder::new("last release");
    key.part(reference.as_bytes())
        .part(git.head.as_deref().unwrap_or_default().as_bytes());
    for tag in &tags {
        key.part(tag.name.as_bytes()).part(tag.commit.as_bytes());
    }
    let key = key.finish();
    let known = cache::read::<(Digest, String, String)>(&gate_dir.join(RECORD), VERSION);
    if let Some((_, name, commit)) = known.filter(|(known, ..)| *known == key) {
        return Ok(Release { name, commit });
    }
    let (release, is_final) = match nearby(git, &tags, reference) {
        Some(release) => (release, true),
        None => {
            let before = git.tags_before_head().map_err(cannot)?;
            let name = highest(before.iter().map(String::as_str), reference)
                .first()
                .map(ToString::to_string);
            let name = name.ok_or_else(|| cannot(format!("no tag before this commit matches `{reference}`")))?;
            let commit = git.resolve(&name).map_err(cannot)?;
            // Where history was cut off, what is fetched later may reach further.
            (Release { name, commit }, git.is_shallow() == Ok(false))
        }
    };
    if is_final {
        // The answer is the same without the record.
        let _ = cache::write(gate_dir, RECORD, VERSION, &(key, &release.name, &release.commit));
    }
    Ok(release)
}

/// The answer where one of the highest versions is it, for which git looks at the newest commits only.
fn nearby(git: &Git, tags: &[Tag], reference: &str) -> Option<Release> {
    let by_name: BTreeMap<&str, &Tag> = tags.iter().map(|tag| (tag.name.as_str(), tag)).collect();
    for name in highest(by_name.keys().copied(), reference).into_iter().take(ONE_BY_ONE) {
        let commit = &by_name.get(name)?.commit;
        if git.head.as_ref() == Some(commit) {
            continue;
        }
        match git.is_ancestor(commit) {
            Ancestry::Yes => {
                return Some(Release {
                    name: name.to_owned(),
                    commit: commit.clone(),
                });
            }
            Ancestry::No => {}
            Ancestry::Unknown(_) => return None,
        }
    }
    None
}

/// The tags that a pattern covers, the highest version first; pre-releases behind everything else that was released.
fn highest<'t>(tags: impl Iterator<Item = &'t str>, reference: &str) -> Vec<&'t str> {
    let version = |tag: &str| {
        let digits = tag.char_indices().filter(|(at, char)| {
            char.is_ascii_digit()
                && !tag[..*at].ends_with(|before: char| before.is_ascii_alphanumeric() && before != 'v')
        });

        digits.map(|(at, _)| &tag[at..]).find_map(|text| {
            let written = text.parse::<Version>().ok();
            written.or_else(|| format!("{text}.0").parse().ok())
        })
    };
    let mut known: Vec<(bool, Version, &str)> = tags
        .filter(|tag| pattern::matches(reference, tag))
        .filter_map(|tag| version(tag).map(|version| (version.pre.is_empty(), version, tag)))
        .collect();
    known.sort();
    known.into_iter().rev().map(|(_, _, tag)| tag).collect()
}

fn unknown(git: &Git, message: String) -> Reason {
    if git.is_shallow() == Ok(true) {
        return Reason::new("shallow_clone", format!("{message}, and the clone is shallow"))
            .help("fetch the whole history with its tags (`fetch-depth: 0`)");
    }
    Reason::new("no_release", message).help("`git fetch --tags`, or name the release in `reference` of `[stability]`")
}

/// A library of the release.
#[derive(Debug)]
struct Package {
    version: Version,
    root: String,
}

fn is_regular(workspace: &Workspace, path: &str) -> bool {
    workspace
        .files()
        .get(path)
        .is_some_and(|file| file.kind == FileKind::Regular)
}

/// The files of a release.
pub(super) struct Files<'w> {
    workspace: &'w Workspace,
    git: &'w Git,
    /// Files that lie in the work tree as they were in the release, which are read there rather than unpacked.
    unchanged: BTreeSet<String>,
    /// Ids by path.
    tree: BTreeMap<String, String>,
    texts: BTreeMap<String, Arc<String>>,
    /// By name.
    packages: BTreeMap<String, Package>,
}

impl Files<'_> {
    fn load(&mut self, wanted: impl Fn(&str) -> bool) -> Result<(), Reason> {
        let mut all: Vec<(&String, &String)> = self.tree.iter().filter(|(path, _)| wanted(path)).collect();
        let mut texts = BTreeMap::new();
        all.retain(|(path, _)| {
            let here = self
                .unchanged
                .contains(*path)
                .then(|| self.workspace.read(path).ok())
                .flatten();
            let text = here.map(|bytes| texts.insert((*path).clone(), Arc::new(source_string(bytes))));
            text.is_none()
        });
        let ids: Vec<&str> = all.iter().map(|(_, id)| id.as_str()).collect();
        let found = self.git.blobs(&ids).map_err(|error| unknown(self.git, error))?;
        for ((path, _), bytes) in all.into_iter().zip(found) {
            texts.insert(path.clone(), Arc::new(source_string(bytes)));
        }
        self.texts.extend(texts);
        Ok(())
    }

    /// Reads the manifests: packages with a library. Of two with one name, that with the shorter path.
    fn packages(&mut self) {
        let manifest = |path: &str| -> Option<toml::Table> { self.texts.get(path)?.parse().ok() };
        let workspace = manifest("Cargo.toml");
        let shared = workspace.as_ref().and_then(|root| {
            let version = root.get("workspace")?.get("package")?.get("version")?;
            version.as_str()?.parse::<Version>().ok()
        });
        let mut paths: Vec<&String> = self.texts.keys().collect();
        paths.sort_by_key(|path| (path.matches('/').count(), path.as_str()));
        let mut found = BTreeMap::new();
        for path in paths {
            let Some(table) = manifest(path) else { continue };
            let Some(package) = table.get("package") else { continue };
            let Some(name) = package.get("name").and_then(|name| name.as_str()) else {
                continue;
            };
            let version = match package.get("version") {
                Some(toml::Value::String(version)) => version.parse().ok(),
                Some(_) => shared.clone(),
                None => Some(Version::new(0, 0, 0)),
            };
            let directory = path.strip_suffix("Cargo.toml").unwrap_or_default().to_owned();
            let declared = table
                .get("lib")
                .and_then(|lib| lib.get("path"))
                .and_then(|path| path.as_str());
            let root = format!(
                "{directory}{}",
                declared.unwrap_or("src/lib.rs").trim_start_matches("./")
            );
            let (Some(version), true) = (version, self.tree.contains_key(&root)) else {
                continue;
            };
            found.entry(name.to_owned()).or_insert(Package { version, root });
        }
        self.packages = found;
    }

    /// Paths of all files, sorted.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.tree.keys().map(String::as_str)
    }

    /// The version that a package had; `None` when the release had no such library.
    pub(super) fn version(&self, member: &Member) -> Option<Version> {
        self.packages.get(&member.name).map(|package| package.version.clone())
    }

    /// The text of any file of the release.
    pub(super) fn read(&self, path: &str) -> Result<String, Reason> {
        let id = self.tree.get(path).map(String::as_str).unwrap_or_default();
        let found = self.git.blobs(&[id]).map_err(|error| unknown(self.git, error))?;
        Ok(found.into_iter().next().map(source_string).unwrap_or_default())
    }

    /// Sources that were read.
    pub(super) fn sources(&self) -> Vec<(&str, &Arc<String>)> {
        let sources = self.texts.iter().filter(|(path, _)| path.ends_with(".rs"));
        sources.map(|(path, text)| (path.as_str(), text)).collect()
    }

    /// The text of a source file; `None` where there is none, or git does not give it.
    fn text(&self, path: &str) -> Option<Arc<String>> {
        let read = || {
            self.tree
                .contains_key(path)
                .then(|| self.read(path).ok().map(Arc::new))
                .flatten()
        };
        self.texts.get(path).cloned().or_else(read)
    }

    /// The interface of these members, each under the name that its library has now.
    pub(super) fn interface(&self, members: &[&Member], parsed: &Parsed) -> Interface {
        let libraries: Vec<Library> = members
            .iter()
            .filter_map(|member| {
                let package = self.packages.get(&member.name)?;
                let library = super::library(member)?;
                Some(Library {
                    name: library.name,
                    root: package.root.clone(),
                })
            })
            .collect();
        Interface::read_with(&libraries, &|path| self.text(path), parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::highest;

    #[test]
    fn the_last_release_is_the_highest_version() {
        let of = |tags: &[&str], pattern: &str| highest(tags.iter().copied(), pattern).first().map(ToString::to_string);
        assert_eq!(of(&["v1.9.0", "v1.10.0", "v1.2"], "v*").as_deref(), Some("v1.10.0"));
        assert_eq!(of(&["v1.0.0", "v2.0.0-rc.1"], "v*").as_deref(), Some("v1.0.0"));
        assert_eq!(
            of(&["v2.0.0-rc.1", "v2.0.0-beta.1"], "v*").as_deref(),
            Some("v2.0.0-rc.1")
        );
        assert_eq!(
            of(&["tokio-1.40.0", "tokio-util-0.7.12", "tokio-1.9.0"], "tokio-1.*").as_deref(),
            Some("tokio-1.40.0")
        );
        assert_eq!(of(&["1.2.3", "20240101"], "*").as_deref(), Some("1.2.3"));
        assert_eq!(of(&["release", "v1.0.0"], "r*"), None);
    }
}
