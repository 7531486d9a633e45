//! What documents of a workspace in a directory of its repository link to above that directory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use gate_base::digest::{Digest, DigestBuilder};
use gate_text::markdown::target::{self, Target};
use gate_world::git::Git;

use super::document::Documents;

/// Largest document that is read for its anchors, in bytes.
const MAX_DOCUMENT: u64 = 4 << 20;

/// Destinations above the workspace and below the top of its repository.
#[derive(Debug, Default)]
pub struct OutsideRoot {
    /// Directory of the workspace in the repository, `/`-separated.
    below: String,
    /// By their paths from the top of the repository.
    found: BTreeMap<String, Destination>,
    digest: Option<Digest>,
}

/// What is at a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Nothing.
    Missing,
    /// A file or a directory, or something that files here do not show: what git ignores, a submodule, a symbolic link.
    There,
    /// A Markdown file with this text.
    Document(String),
}

impl OutsideRoot {
    /// Destinations above a workspace in this directory, by hand.
    #[cfg(any(test, feature = "testing"))]
    pub fn by_hand(below: &str, found: &[(&str, Destination)]) -> Self {
        Self {
            below: below.to_owned(),
            found: found
                .iter()
                .map(|(path, one)| ((*path).to_owned(), one.clone()))
                .collect(),
            digest: None,
        }
    }

    /// The path from the top of the repository that a link in the document at `from` leads to; `None` when it leads out
    /// of the repository, or the workspace is all of it.
    pub fn path(&self, from: &str, link: &str) -> Option<String> {
        if self.below.is_empty() {
            return None;
        }
        target::join(&format!("{}/{from}", self.below), link)
    }

    /// The same path relative to the workspace, where it leads back into it.
    pub fn back<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.below.as_str())?.strip_prefix('/')
    }

    /// What is at a path from the top of the repository.
    pub fn get(&self, path: &str) -> Option<&Destination> {
        self.found.get(path)
    }

    /// Digest over everything that was looked at; the same for all workspaces that are their repository.
    pub fn digest(&self) -> Digest {
        self.digest.unwrap_or_else(|| Digest::of(b"nothing above"))
    }
}

/// Looks at every destination above the workspace that a document names.
pub(super) fn survey(root: &Path, git: Option<&Git>, documents: &Documents) -> OutsideRoot {
    let Some(git) = git else {
        return OutsideRoot::default();
    };
    let below = match root.strip_prefix(&git.top) {
        Ok(inside) if !inside.as_os_str().is_empty() => gate_base::paths::spell(inside),
        _ => return OutsideRoot::default(),
    };
    let mut above = OutsideRoot {
        below,
        ..OutsideRoot::default()
    };
    let mut paths = BTreeSet::new();
    for (at, document) in documents
        .iter()
        .enumerate()
        .filter(|(_, document)| document.text.contains(".."))
    {
        for link in documents.outline(at).into_iter().flat_map(|outline| &outline.links) {
            let Target::Relative { path, .. } = Target::new(&link.destination) else {
                continue;
            };
            if target::join(&document.path, &path).is_none()
                && let Some(path) = above.path(&document.path, &path)
                && above.back(&path).is_none()
            {
                paths.insert(path);
            }
        }
    }
    let mut tree = Tree {
        top: &git.top,
        names: BTreeMap::new(),
        ignored: BTreeMap::new(),
    };
    let mut digest = DigestBuilder::new("above");
    for path in paths {
        let found = tree.find(&path);
        digest.part(path.as_bytes());
        match &found {
            Destination::Missing => digest.part(b"missing"),
            Destination::There => digest.part(b"there"),
            Destination::Document(text) => digest.part(b"document").part(text.as_bytes()),
        };
        above.found.insert(path, found);
    }
    above.digest = Some(digest.finish());
    above
}

/// The repository above the workspace; every directory is listed once.
struct Tree<'a> {
    top: &'a Path,
    names: BTreeMap<PathBuf, BTreeSet<std::ffi::OsString>>,
    ignored: BTreeMap<String, Option<String>>,
}

impl Tree<'_> {
    fn find(&mut self, path: &str) -> Destination {
        let mut place = self.top.to_owned();
        let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
        while let Some(part) = parts.next() {
            // By the listing and not by a look at the path: it must be spelled so on every system.
            let names = self.names.entry(place.clone()).or_insert_with(|| list(&place));
            if !names.contains(std::ffi::OsStr::new(part)) {
                // A submodule that is not checked out is an empty directory.
                let may_hold = names.is_empty() && place != self.top;
                let generated = path.ends_with(".html") || is_page(names, part) && parts.peek().is_none();
                return if may_hold || generated || self.ignores(path) {
                    Destination::There
                } else {
                    Destination::Missing
                };
            }
            place.push(part);
            if std::fs::symlink_metadata(&place).is_ok_and(|meta| meta.is_symlink()) {
                return Destination::There;
            }
        }
        let is_document = path
            .rsplit_once('.')
            .is_some_and(|(_, extension)| matches!(extension.to_ascii_lowercase().as_str(), "md" | "markdown"));
        let small = std::fs::metadata(&place).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_DOCUMENT);
        match std::fs::read(&place) {
            Ok(bytes) if is_document && small => Destination::Document(String::from_utf8_lossy(&bytes).into_owned()),
            _ => Destination::There,
        }
    }

    /// Whether the ignore files on the way hide a path.
    fn ignores(&mut self, path: &str) -> bool {
        let ends = std::iter::once(0).chain(path.match_indices('/').map(|(at, _)| at));
        let mut files = Vec::new();
        for end in ends {
            let directory = &path[..end];
            let place = self.top.join(directory).join(".gitignore");
            let text = self.ignored.entry(directory.to_owned()).or_insert_with(|| {
                std::fs::read(place)
                    .ok()
                    .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            });
            if let Some(text) = text {
                let name = if directory.is_empty() {
                    String::new()
                } else {
                    format!("{directory}/")
                };
                files.push((format!("{name}.gitignore"), text.clone()));
            }
        }
        Documents::new(Vec::new(), files).ignores(path)
    }
}

fn list(directory: &Path) -> BTreeSet<std::ffi::OsString> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).collect()
}

/// Generators of sites make `a/` of `a.md`.
fn is_page(names: &BTreeSet<std::ffi::OsString>, name: &str) -> bool {
    [".md", ".mdx"]
        .iter()
        .any(|end| names.contains(std::ffi::OsStr::new(&format!("{name}{end}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_what_the_disk_shows() {
        let directory = tempfile::tempdir().expect("a directory");
        let write = |path: &str, text: &str| {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            std::fs::write(path, text).expect("a file");
        };
        write("README.md", "# Top\n");
        write("LICENSE", "");
        write(".gitignore", "/book\n");
        write("docs/guide.md", "");
        write("docs/.gitignore", "*.out\n");
        std::fs::create_dir(directory.path().join("submodule")).expect("a directory");
        let mut tree = Tree {
            top: directory.path(),
            names: BTreeMap::new(),
            ignored: BTreeMap::new(),
        };
        for (path, expected) in [
            ("", Destination::There),
            ("README.md", Destination::Document("# Top\n".into())),
            ("Readme.md", Destination::Missing),
            ("LICENSE", Destination::There),
            ("LICENSE/x", Destination::There),
            ("docs", Destination::There),
            ("docs/gone.md", Destination::Missing),
            ("docs/guide", Destination::There),
            ("docs/a.out", Destination::There),
            ("docs/x/y.html", Destination::There),
            ("book/a", Destination::There),
            ("submodule/a.md", Destination::There),
            ("gone/a.md", Destination::Missing),
        ] {
            assert_eq!(tree.find(path), expected, "{path}");
        }
    }

    #[test]
    fn paths_begin_at_the_top_of_the_repository() {
        let above = OutsideRoot {
            below: "rust/tool".into(),
            ..OutsideRoot::default()
        };
        assert_eq!(above.path("docs/a.md", "../../../x.md").as_deref(), Some("x.md"));
        assert_eq!(above.path("a.md", "../../../x.md"), None);
        assert_eq!(above.back("rust/tool/b.md"), Some("b.md"));
        assert_eq!(above.back("rust/tools/b.md"), None);
        assert_eq!(OutsideRoot::default().path("a.md", "../x.md"), None);
    }
}
