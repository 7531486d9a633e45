//! The last release: which commit it is, and what it held.

use std::collections::BTreeMap;
use std::path::Path;

use semver::Version;

use crate::digest::{Digest, DigestBuilder};
use crate::library::interface::{Interface, Library};
use crate::policy::pattern;
use crate::report::Reason;
use crate::workspace::Workspace;
use crate::workspace::cache;
use crate::workspace::cargo::Member;
use crate::workspace::git::Git;

/// A commit that was released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The tag, branch or commit as it was named.
    pub name: String,
    /// Its full hash.
    pub commit: String,
}

impl Release {
    /// Finds what a reference means. Which tags come before the checked out commit takes a walk through history, so that
    /// the answer is kept in the gate directory.
    pub(super) fn find(git: &Git, reference: &str, gate_dir: &Path) -> Result<Self, Reason> {
        let name = if pattern::is_pattern(reference) {
            let tags = tags_before_head(git, gate_dir).map_err(|error| unknown(git, error))?;
            latest(&tags, reference)
                .ok_or_else(|| unknown(git, format!("no tag before this commit matches `{reference}`")))?
        } else {
            reference.to_owned()
        };
        match git.resolve(&name) {
            Ok(commit) => Ok(Self { name, commit }),
            Err(error) => Err(unknown(git, error)),
        }
    }

    /// Everything that the release held and that is needed.
    pub(super) fn files<'g>(&self, workspace: &'g Workspace) -> Result<Files<'g>, Reason> {
        let git = workspace
            .git()
            .ok_or_else(|| Reason::new("no_git", "the workspace is in no git repository"))?;
        let tree = git.tree(&self.commit).map_err(|error| unknown(git, error))?;
        let mut files = Files {
            git,
            tree,
            texts: BTreeMap::new(),
            packages: BTreeMap::new(),
        };
        files.load(|path| path.ends_with("Cargo.toml"))?;
        files.packages();
        let below: Vec<String> = files
            .packages
            .values()
            .map(|package| package.directory.clone())
            .collect();
        files
            .load(|path| path.ends_with(".rs") && below.iter().any(|directory| path.starts_with(directory.as_str())))?;
        Ok(files)
    }
}

/// Name of the record in the gate directory.
const RECORD: &str = "tags-before-head";

/// Raised when the stored form changes.
const VERSION: u32 = 1;

/// Tags of commits before the one that is checked out. Commits never change, so that the answer holds while the commit
/// and all tags are the same, unless history was cut off: what is fetched later may reach further.
fn tags_before_head(git: &Git, gate_dir: &Path) -> Result<Vec<String>, String> {
    let mut key = DigestBuilder::new("tags before head");
    key.part(git.head.as_deref().unwrap_or_default().as_bytes());
    for tag in git.tags()? {
        key.part(tag.name.as_bytes()).part(tag.commit.as_bytes());
    }
    let key = key.finish();
    if let Some((known, tags)) = cache::read::<(Digest, Vec<String>)>(&gate_dir.join(RECORD), VERSION)
        && known == key
    {
        return Ok(tags);
    }
    let tags = git.tags_before_head()?;
    if git.is_shallow() == Ok(false) {
        // The answer is the same without the record.
        let _ = cache::write(gate_dir, RECORD, VERSION, &(key, &tags));
    }
    Ok(tags)
}

/// The highest version among the tags that a pattern covers; a pre-release only where nothing else was released.
fn latest(tags: &[String], reference: &str) -> Option<String> {
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
    let mut known: Vec<(bool, Version, &String)> = tags
        .iter()
        .filter(|tag| pattern::matches(reference, tag))
        .filter_map(|tag| version(tag).map(|version| (version.pre.is_empty(), version, tag)))
        .collect();
    known.sort();
    known.pop().map(|(_, _, tag)| tag.clone())
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
    /// Where its manifest lies, with `/` at the end; empty for the root.
    directory: String,
    version: Version,
    root: String,
}

/// The files of a release.
pub(super) struct Files<'g> {
    git: &'g Git,
    /// Ids by path.
    tree: BTreeMap<String, String>,
    texts: BTreeMap<String, String>,
    /// By name.
    packages: BTreeMap<String, Package>,
}

impl Files<'_> {
    fn load(&mut self, wanted: impl Fn(&str) -> bool) -> Result<(), Reason> {
        let all: Vec<(&String, &String)> = self.tree.iter().filter(|(path, _)| wanted(path)).collect();
        let ids: Vec<&str> = all.iter().map(|(_, id)| id.as_str()).collect();
        let found = self.git.blobs(&ids).map_err(|error| unknown(self.git, error))?;
        let texts = all
            .iter()
            .zip(found)
            .map(|((path, _), bytes)| ((*path).clone(), super::text(&bytes)));
        self.texts.extend(texts.collect::<Vec<_>>());
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
            found.entry(name.to_owned()).or_insert(Package {
                directory,
                version,
                root,
            });
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
        Ok(found.first().map(|bytes| super::text(bytes)).unwrap_or_default())
    }

    /// The interface of these members, each under the name that its library has now.
    pub(super) fn interface(&self, members: &[&Member]) -> Interface {
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
        Interface::read(&libraries, &|path| self.texts.get(path).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::latest;

    #[test]
    fn the_last_release_is_the_highest_version() {
        let of = |tags: &[&str], pattern: &str| {
            let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            latest(&tags, pattern)
        };
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
