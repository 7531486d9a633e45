//! The files of the repository that continuous integration is made of.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gate_base::digest::{Digest, DigestBuilder};
use gate_base::paths;
use gate_world::files::{FileKind, FileList};

use super::yaml::{self, Node, YamlError};

/// Largest script that is read.
const MAX_SCRIPT: u64 = 256 << 10;

/// Whether what is here may depend on this file: CI files and everything that may be a script or hold recipes. The path is relative
/// to the workspace root.
pub fn may_read(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    has_extension(name, &["yml", "yaml"]) || is_script_name(name) || may_hold_recipes(path)
}

fn is_script_name(name: &str) -> bool {
    !name.contains('.') || has_extension(name, &["sh", "bash", "zsh", "ksh", "ps1", "cmd", "bat"])
}

fn has_extension(name: &str, extensions: &[&str]) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, found)| extensions.contains(&found))
}

/// Where the files are. Paths are relative to the top of the repository, with `/`.
pub(super) enum Tree<'a> {
    /// The workspace is the repository.
    Whole { root: &'a Path, files: &'a FileList },
    /// The workspace lies in a directory of the repository.
    Part { top: &'a Path },
    /// In memory.
    Map(&'a BTreeMap<String, Vec<u8>>),
}

impl Tree<'_> {
    fn bytes(&self, path: &str, limit: u64) -> Option<Vec<u8>> {
        match self {
            Tree::Whole { root, files } => {
                let file = files
                    .get(path)
                    .filter(|file| file.kind == FileKind::Regular && file.size <= limit)?;
                std::fs::read(root.join(&file.native)).ok()
            }
            Tree::Part { top } => {
                let native = top.join(path);
                let meta = std::fs::symlink_metadata(&native).ok()?;
                (meta.is_file() && meta.len() <= limit).then(|| std::fs::read(native).ok())?
            }
            Tree::Map(map) => map.get(path).cloned(),
        }
    }

    fn has(&self, path: &str) -> bool {
        match self {
            Tree::Whole { files, .. } => files.get(path).is_some_and(|file| file.kind == FileKind::Regular),
            Tree::Part { top } => std::fs::symlink_metadata(top.join(path)).is_ok_and(|meta| meta.is_file()),
            Tree::Map(map) => map.contains_key(path),
        }
    }

    /// Paths of the files that a service reads, and of YAML files that it may include, sorted.
    fn paths(&self) -> Vec<String> {
        let mut found: Vec<String> = match self {
            Tree::Whole { files, .. } => files
                .iter()
                .filter(|file| file.kind == FileKind::Regular && has_extension(&file.path, &["yml", "yaml"]))
                .map(|file| file.path.clone())
                .collect(),
            Tree::Part { top } => {
                let mut found = Vec::new();
                for (directory, depth) in [
                    ("", 0),
                    (".github/workflows", 0),
                    (".github/actions", 3),
                    (".gitlab", 4),
                ] {
                    list(top, Path::new(directory), depth, &mut found);
                }
                found
            }
            Tree::Map(map) => map
                .keys()
                .filter(|path| has_extension(path, &["yml", "yaml"]))
                .cloned()
                .collect(),
        };
        found.sort();
        found
    }
}

fn list(top: &Path, directory: &Path, depth: u32, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(top.join(directory)) else {
        return;
    };
    for entry in entries.flatten() {
        let relative: PathBuf = directory.join(entry.file_name());
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && depth > 0 {
            list(top, &relative, depth - 1, found);
        } else if kind.is_file() {
            let path = paths::spell(&relative);
            if has_extension(&path, &["yml", "yaml"]) {
                found.push(path);
            }
        }
    }
}

/// Whether a path may be that of a file with recipes; one without a dot in its name may be a script anyway.
fn may_hold_recipes(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    let ends = |end: &str| name.ends_with(end);
    ends(".mk") || ends(".mak") || ends(".just") || ends(".justfile") || ends(".toml") && path.contains("make")
}

/// Reads files and remembers which.
pub(super) struct Reader<'a> {
    tree: Tree<'a>,
    /// Directory of the workspace in the repository, with a `/` behind it, or nothing.
    below: String,
    read: RefCell<BTreeMap<String, Option<Digest>>>,
    origins: RefCell<Vec<String>>,
}

impl<'a> Reader<'a> {
    /// Files of the repository whose workspace lies in `below`.
    pub(super) fn new(tree: Tree<'a>, below: &str) -> Self {
        Self {
            tree,
            below: if below.is_empty() {
                String::new()
            } else {
                format!("{below}/")
            },
            read: RefCell::default(),
            origins: RefCell::default(),
        }
    }

    /// A path of the repository as findings show it.
    pub(super) fn shown(&self, path: &str) -> String {
        match path.strip_prefix(self.below.as_str()) {
            Some(inside) => inside.to_owned(),
            None => format!("{}{path}", "../".repeat(self.below.matches('/').count())),
        }
    }

    /// Paths of all YAML files that may belong to a service.
    pub(super) fn paths(&self) -> Vec<String> {
        self.tree.paths()
    }

    /// The text of a file.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        String::from_utf8(self.bytes(path, u64::MAX)?).ok()
    }

    fn bytes(&self, path: &str, limit: u64) -> Option<Vec<u8>> {
        let bytes = self.tree.bytes(path, limit);
        let digest = bytes.as_deref().map(Digest::of);
        self.read.borrow_mut().insert(path.to_owned(), digest);
        bytes
    }

    /// The documents of a YAML file; `None` when there is no such file.
    pub(super) fn yaml(&self, path: &str) -> Option<Result<Vec<Node>, YamlError>> {
        let first = |message: &str| YamlError {
            line: 1,
            message: message.to_owned(),
        };
        if !self.tree.has(path) {
            self.read.borrow_mut().insert(path.to_owned(), None);
            return None;
        }
        let Some(bytes) = self.bytes(path, u64::MAX) else {
            return Some(Err(first("cannot be read")));
        };
        let mut origins = self.origins.borrow_mut();
        origins.push(path.to_owned());
        Some(match std::str::from_utf8(&bytes) {
            Ok(text) => yaml::parse(text.trim_start_matches('\u{feff}'), origins.len() - 1),
            Err(error) => {
                let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
                Err(YamlError {
                    line: u32::try_from(line).unwrap_or(u32::MAX),
                    message: "is not UTF-8".into(),
                })
            }
        })
    }

    /// The file of a node.
    pub(super) fn origin(&self, node: &Node) -> String {
        self.origins.borrow().get(node.origin()).cloned().unwrap_or_default()
    }

    /// Whether a path is a file that may be a script.
    pub(super) fn is_script(&self, path: &str) -> bool {
        is_script_name(path.rsplit('/').next().unwrap_or(path)) && self.tree.has(path)
    }

    /// The text of a script.
    pub(super) fn script(&self, path: &str) -> Option<String> {
        String::from_utf8(self.bytes(path, MAX_SCRIPT)?).ok()
    }

    /// The text of a file of a task runner.
    pub(super) fn recipes(&self, path: &str) -> Option<String> {
        // What is read must be what the digests of [`may_read`] vouch for, whatever a command names.
        let is_one = may_hold_recipes(path) || is_script_name(path.rsplit('/').next().unwrap_or(path));
        if !is_one || !self.tree.has(path) {
            self.read.borrow_mut().insert(path.to_owned(), None);
            return None;
        }
        self.script(path)
    }

    /// Digest over everything that was asked for.
    pub(super) fn digest(&self) -> Digest {
        let mut builder = DigestBuilder::new("ci");
        for (path, digest) in self.read.borrow().iter() {
            builder.part(path.as_bytes());
            builder.part(digest.as_ref().map_or(&[], |digest| digest.as_bytes()));
        }
        builder.finish()
    }
}
