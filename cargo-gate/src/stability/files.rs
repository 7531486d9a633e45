//! The files of a release beside those of the workspace: most are the same, and what is the same is read once, here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use semver::Version;

use crate::base::parallel;
use crate::boundary::scan::{source_string, source_text};
use crate::code::may_be_code;
use crate::library::interface::{Interface, Library, SourceFile};
use crate::report::Reason;
use crate::workspace::Workspace;
use crate::workspace::cargo::Member;
use crate::workspace::files::{File, FileKind, FileList};
use crate::workspace::git::Git;

use super::library;
use super::release::{Release, unknown};

/// A library of the release.
#[derive(Debug)]
struct Package {
    version: Version,
    root: String,
}

/// The files of a release, as far as comparing with it needs them. They follow from the commit and the work tree alone, so
/// that they can be read while cargo is asked what the members are.
#[derive(Debug)]
pub(crate) struct Released {
    /// Files that lie in the work tree as they were in the release, which are read there rather than unpacked.
    unchanged: BTreeSet<String>,
    /// Ids by path.
    tree: BTreeMap<String, String>,
    /// Manifests.
    manifests: BTreeMap<String, String>,
    /// By name.
    packages: BTreeMap<String, Package>,
    /// Directories that hold the sources of libraries, with a slash behind.
    directories: BTreeSet<String>,
    /// Sources in them that are not as they lie in the work tree.
    sources: BTreeMap<String, SourceFile>,
}

impl Released {
    /// Reads what is needed of a release of the workspace in `root` that holds `files`.
    ///
    /// # Errors
    /// What git does not tell, and why.
    pub(crate) fn read(release: &Release, git: &Git, files: &FileList, root: &Path) -> Result<Self, Reason> {
        let tree = git.tree(&release.commit).map_err(|error| unknown(git, error))?;
        let staged = git.staged();
        let dirty: BTreeSet<&str> = git.dirty.iter().map(|dirty| dirty.path.as_str()).collect();
        let same = |(path, id): &(&String, &String)| {
            staged.get(*path) == Some(id) && !dirty.contains(path.as_str()) && regular(files, path).is_some()
        };
        let unchanged = tree.iter().filter(same).map(|(path, _)| path.clone()).collect();
        let mut this = Self {
            unchanged,
            tree,
            manifests: BTreeMap::new(),
            packages: BTreeMap::new(),
            directories: BTreeSet::new(),
            sources: BTreeMap::new(),
        };
        this.read_manifests(git, files, root)?;
        this.packages();
        this.directories = this.packages.values().map(|package| directory(&package.root)).collect();
        this.read_sources(git)?;
        Ok(this)
    }

    fn read_manifests(&mut self, git: &Git, files: &FileList, root: &Path) -> Result<(), Reason> {
        let mut manifests = BTreeMap::new();
        let mut elsewhere = Vec::new();
        for path in self.tree.keys().filter(|path| path.ends_with("Cargo.toml")) {
            let here = regular(files, path).filter(|_| self.unchanged.contains(path));
            match here.and_then(|file| std::fs::read(root.join(&file.native)).ok()) {
                Some(bytes) => drop(manifests.insert(path.clone(), source_string(bytes))),
                None => elsewhere.push(path.as_str()),
            }
        }
        for (path, bytes) in self.unpack(git, elsewhere)? {
            manifests.insert(path.to_owned(), source_string(bytes));
        }
        self.manifests = manifests;
        Ok(())
    }

    /// Reads what has changed where modules lie as a rule; what a path names elsewhere is read when it is asked for.
    fn read_sources(&mut self, git: &Git) -> Result<(), Reason> {
        let changed = |path: &&str| is_source(&self.directories, path) && !self.unchanged.contains(*path);
        let changed: Vec<&str> = self.tree.keys().map(String::as_str).filter(changed).collect();
        let contents = self.unpack(git, changed)?;
        let parsed = parallel::map(&contents, &|(_, bytes)| SourceFile::parse(&source_text(bytes)));
        let paths = contents.iter().map(|(path, _)| (*path).to_owned());
        self.sources = paths.zip(parsed).collect();
        Ok(())
    }

    /// Contents that git holds, by path.
    fn unpack<'p>(&self, git: &Git, paths: Vec<&'p str>) -> Result<Vec<(&'p str, Vec<u8>)>, Reason> {
        let ids: Vec<&str> = paths
            .iter()
            .filter_map(|path| self.tree.get(*path))
            .map(String::as_str)
            .collect();
        let found = git.blobs(&ids).map_err(|error| unknown(git, error))?;
        Ok(paths.into_iter().zip(found).collect())
    }

    /// Reads the manifests: packages with a library. Of two with one name, that with the shorter path.
    fn packages(&mut self) {
        let manifest = |path: &str| -> Option<toml::Table> { self.manifests.get(path)?.parse().ok() };
        let workspace = manifest("Cargo.toml");
        let shared = workspace.as_ref().and_then(|root| {
            let version = root.get("workspace")?.get("package")?.get("version")?;
            version.as_str()?.parse::<Version>().ok()
        });
        let mut paths: Vec<&String> = self.manifests.keys().collect();
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
}

/// The files of a release, and those of the workspace.
pub(super) struct Files<'w> {
    workspace: &'w Workspace,
    git: &'w Git,
    released: Released,
    /// Sources of the workspace.
    now: BTreeMap<String, SourceFile>,
}

impl<'w> Files<'w> {
    /// Everything that is needed of a release and of the workspace.
    pub(super) fn of(release: &Release, workspace: &'w Workspace, members: &[&Member]) -> Result<Self, Reason> {
        let git = workspace
            .git()
            .ok_or_else(|| Reason::new("no_git", "the workspace is in no git repository"))?;
        let released = Released::read(release, git, workspace.files(), workspace.root())?;
        let mut files = Self {
            workspace,
            git,
            released,
            now: BTreeMap::new(),
        };
        files.read_sources(members);
        Ok(files)
    }

    /// Reads sources where modules lie as a rule, in the workspace or as they were in the release.
    fn read_sources(&mut self, members: &[&Member]) {
        let libraries = members.iter().filter_map(|member| library(member));
        let directories: BTreeSet<String> = libraries.map(|library| directory(&library.root)).collect();
        let released = &self.released;
        let wanted = |path: &str| {
            is_source(&directories, path) || released.unchanged.contains(path) && is_source(&released.directories, path)
        };
        let files = self.workspace.files().iter();
        let files: Vec<&File> = files
            .filter(|file| file.kind == FileKind::Regular && wanted(&file.path))
            .collect();
        let parsed = parallel::map(&files, &|file| self.parse(&file.path));
        // What cannot be read is missed, with a reason, when it is asked for.
        let parsed = files.iter().zip(parsed);
        self.now = parsed
            .filter_map(|(file, parsed)| Some((file.path.clone(), parsed?)))
            .collect();
    }

    /// Parses a file of the workspace; `None` where it cannot be read.
    fn parse(&self, path: &str) -> Option<SourceFile> {
        let file = regular(self.workspace.files(), path)?;
        let bytes = self.workspace.read(&file.path).ok()?;
        Some(SourceFile::parse(&source_text(&bytes)))
    }

    /// Paths of all files of the release, sorted.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.released.tree.keys().map(String::as_str)
    }

    /// The version that a package had; `None` when the release had no such library.
    pub(super) fn version(&self, member: &Member) -> Option<Version> {
        self.released
            .packages
            .get(&member.name)
            .map(|package| package.version.clone())
    }

    /// The text of any file of the release.
    pub(super) fn read(&self, path: &str) -> Result<String, Reason> {
        let found = self.released.unpack(self.git, vec![path])?;
        Ok(found
            .into_iter()
            .next()
            .map(|(_, bytes)| source_string(bytes))
            .unwrap_or_default())
    }

    fn source_now(&self, path: &str) -> Option<SourceFile> {
        self.now.get(path).cloned().or_else(|| self.parse(path))
    }

    fn source_before(&self, path: &str) -> Option<SourceFile> {
        if self.released.unchanged.contains(path) {
            return self.source_now(path);
        }
        let unpack = || {
            self.released
                .tree
                .contains_key(path)
                .then(|| self.read(path).ok())
                .flatten()
        };
        let known = self.released.sources.get(path).cloned();
        known.or_else(|| unpack().map(|text| SourceFile::parse(&text)))
    }

    /// The interface of these members in the release, each under the name that its library has now, and their interface as
    /// the files of the workspace are.
    pub(super) fn interfaces(&self, members: &[&Member]) -> (Interface, Interface) {
        let now: Vec<Library> = members.iter().filter_map(|member| library(member)).collect();
        let before: Vec<Library> = members
            .iter()
            .filter_map(|member| {
                let package = self.released.packages.get(&member.name)?;
                Some(Library {
                    name: library(member)?.name,
                    root: package.root.clone(),
                })
            })
            .collect();
        std::thread::scope(|scope| {
            let before = scope.spawn(|| Interface::of(&before, &|path| self.source_before(path)));
            let now = Interface::of(&now, &|path| self.source_now(path));
            match before.join() {
                Ok(before) => (before, now),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }
}

fn regular<'f>(files: &'f FileList, path: &str) -> Option<&'f File> {
    files.get(path).filter(|file| file.kind == FileKind::Regular)
}

/// The directory of a file with a slash behind; nothing where it lies at the top.
fn directory(path: &str) -> String {
    path.rsplit_once('/')
        .map_or_else(String::new, |(before, _)| format!("{before}/"))
}

/// Whether modules of a library lie there as a rule.
fn is_source(directories: &BTreeSet<String>, path: &str) -> bool {
    directories
        .iter()
        .any(|directory| path.strip_prefix(directory.as_str()).is_some_and(may_be_code))
}
