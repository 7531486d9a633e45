//! Files in the folders that a compiler searches, for those that would be read instead of others.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::env::Env;
use crate::sorted::{List as _, Map, Set, sort};

/// A folder with more files than this is looked at no further; an installation of a large library has some thousands.
const MOST: usize = 20_000;

/// Lists folders, each once.
#[derive(Default)]
pub(crate) struct Listings {
    known: Mutex<Map<PathBuf, Arc<Listing>>>,
    /// Names in folders themselves.
    top: Mutex<Map<PathBuf, Arc<Set<OsString>>>>,
}

/// What is below a folder.
pub(crate) struct Listing {
    /// Sorted.
    files: Vec<PathBuf>,
    /// The same by file name: a crate of thousands of units asks once for each of them.
    named: Map<OsString, Vec<PathBuf>>,
}

impl Listing {
    /// Every file, sorted.
    pub(crate) fn files(&self) -> &[PathBuf] {
        &self.files
    }
}

impl Listings {
    /// Every file below a folder, sorted; `target`, hidden folders and links to folders left out.
    pub(crate) fn of(&self, folder: &Path) -> Arc<Listing> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listing) = known.get(folder) {
            return Arc::clone(listing);
        }
        let mut files = Vec::new();
        walk(folder, &mut files);
        sort(&mut files);
        let mut named: Map<OsString, Vec<PathBuf>> = Map::new();
        for file in &files {
            if let Some(name) = file.file_name() {
                named.or_default(name.to_owned()).push(file.clone());
            }
        }
        let listing = Arc::new(Listing { files, named });
        known.insert(folder.to_path_buf(), Arc::clone(&listing));
        listing
    }

    /// Files in these folders that have the name of one of `read` and are not among them, sorted: where one appears,
    /// another file may be read than before.
    pub(crate) fn others(&self, folders: &Set<PathBuf>, read: &[PathBuf]) -> Vec<PathBuf> {
        let names: Set<&OsStr> = read.iter().filter_map(|path| path.file_name()).collect();
        let read: Set<&Path> = read.iter().map(PathBuf::as_path).collect();
        let mut others = Set::new();
        for folder in folders {
            let listing = self.of(folder);
            let same = names.iter().filter_map(|name| listing.named.get(*name)).flatten();
            others.extend(same.filter(|file| !read.contains(file.as_path())).cloned());
        }
        others.into_iter().list()
    }

    /// Files that would be read from this folder instead of one of `read`, by the name that an `#include` may give it: every end of its path. For
    /// folders that may hold anything, of which only what is called so is looked at. Sorted.
    pub(crate) fn shadows(&self, folder: &Path, read: &[PathBuf]) -> Vec<PathBuf> {
        let names = self.names(folder);
        let mut found = Set::new();
        for file in read.iter().filter(|_| !names.is_empty()) {
            let parts: Vec<&OsStr> = file.iter().list();
            for at in 1..parts.len() {
                if !names.contains(parts[at]) {
                    continue;
                }
                let mut other = folder.to_path_buf();
                other.extend(&parts[at..]);
                if !found.contains(&other) && !read.contains(&other) && other.is_file() {
                    found.insert(other);
                }
            }
        }
        found.into_iter().list()
    }

    /// Names of what is in a folder itself.
    fn names(&self, folder: &Path) -> Arc<Set<OsString>> {
        let mut top = self.top.lock().unwrap_or_else(PoisonError::into_inner);
        let names = top.get_or_insert_with(folder.to_path_buf(), || {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            Arc::new(entries.map(|entry| entry.file_name()).collect())
        });
        Arc::clone(names)
    }
}

/// Folders of headers outside the crate that are neither the compilers' nor the system's: what appears there may be read by a header there.
pub(crate) fn near(files: &[PathBuf], root: &Path, foreign: &[PathBuf]) -> Set<PathBuf> {
    let folders: Set<&Path> = files.iter().filter_map(|file| file.parent()).collect();
    let is_users = |folder: &&Path| !folder.starts_with(root) && !foreign.iter().any(|other| folder.starts_with(other));
    folders.into_iter().filter(is_users).map(Path::to_path_buf).collect()
}

/// Folders that variables name for headers of every unit, whether or not they are there.
pub(crate) fn named_by_variables(env: &Env, root: &Path) -> Vec<PathBuf> {
    let variables = ["CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "INCLUDE"];
    let values = variables.iter().filter_map(|name| env.variable(name));
    // An empty part is the current folder.
    values
        .flat_map(std::env::split_paths)
        .map(|folder| root.join(folder))
        .list()
}

/// Folders of the system and of the installations that these files belong to.
pub(crate) fn foreign<'a>(compilers: impl IntoIterator<Item = &'a PathBuf>) -> Vec<PathBuf> {
    let system = [
        "/usr/include",
        "/usr/lib",
        "C:\\Program Files",
        "C:\\Program Files (x86)",
    ];
    let mut folders: Set<PathBuf> = system.map(PathBuf::from).into();
    for file in compilers {
        let real = fs::canonicalize(file).unwrap_or_else(|_| file.clone());
        let is_toolkit = |root: &Path| root.join("nvvm").is_dir() || root.join("include/cuda_runtime.h").is_file();
        for file in [file, &real] {
            if let Some(root) = file.parent().and_then(Path::parent)
                && is_toolkit(root)
            {
                folders.insert(root.to_path_buf());
            }
        }
    }
    folders.into_iter().list()
}

/// Folders whose files a unit may read: that of its source, and the user's own of `-I` and its like. Headers of
/// compilers are not the user's.
pub(crate) fn searched(source: &Path, crate_root: &Path, flags: &[String]) -> Set<PathBuf> {
    let mut folders = Set::new();
    folders.extend(source.parent().map(Path::to_path_buf));
    let mut rest = flags.iter().map(String::as_str);
    while let Some(flag) = rest.next() {
        let named = match flag {
            "-I" | "-isystem" | "--include-path" | "--system-include" => rest.next(),
            _ => flag
                .strip_prefix("--include-path=")
                .or_else(|| flag.strip_prefix("--system-include="))
                .or_else(|| flag.strip_prefix("-isystem="))
                .or_else(|| flag.strip_prefix("-I")),
        };
        if let Some(named) = named {
            folders.insert(crate::compiler::plain(&crate_root.join(named.trim_start_matches('='))));
        }
    }
    folders
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if files.len() >= MOST {
            return;
        }
        let Ok(kind) = entry.file_type() else { continue };
        let name = entry.file_name();
        if kind.is_dir() {
            let skipped = name == "target" || name.as_encoded_bytes().starts_with(b".");
            if !skipped {
                walk(&entry.path(), files);
            }
        } else {
            files.push(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_could_be_read_instead_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in ["a/x.h", "b/x.h", "b/deep/x.h", "b/y.h", "b/target/x.h", "b/.git/x.h"] {
            let file = root.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let folders = searched(&root.join("a/k.cu"), root, &["-Ib".to_owned()]);
        assert_eq!(folders, Set::from([root.join("a"), root.join("b")]));
        let others = Listings::default().others(&folders, &[root.join("b/x.h")]);
        assert_eq!(others, [root.join("a/x.h"), root.join("b/deep/x.h")]);
    }

    #[test]
    fn folders_of_flags_are_read_in_every_spelling() {
        let flags = ["-I", "a", "-Ib", "-isystem", "c", "--include-path=d", "-DX"].map(str::to_owned);
        let folders = searched(Path::new("/w/k/x.cu"), Path::new("/w"), &flags);
        let expected = ["/w/a", "/w/b", "/w/c", "/w/d", "/w/k"].map(PathBuf::from);
        assert_eq!(folders, Set::from(expected));
    }
}
