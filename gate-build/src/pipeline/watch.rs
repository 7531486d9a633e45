//! What cargo is to look at so that it sees another compiler in the place of one.
//!
//! Cargo compares dates, and a toolkit that a link is switched to, or that a package is unpacked into, is older than the build. So it
//! is told of what does have a new date then: the link, and the folder in which a file was replaced. And of files with a version in their names, which are
//! gone when another version is there: cargo runs the script where a file is missing.

use std::fs;
use std::path::{Path, PathBuf};

use super::directives::is_smaller;
use crate::sorted::{List as _, Set};

/// A folder of programs with more entries than this is everybody's, such as `/usr/bin`: something is installed there every day.
const OWN: usize = 500;

/// A folder that links lead to or are in. Cargo looks at every file below it at every build.
const LINKED: usize = 4_000;

/// Links of a chain that are followed; the system follows no more.
const LINKS: usize = 40;

/// Paths beside these files of compilers. `busy` are folders in which builds write.
pub(super) fn beside<'a>(files: impl IntoIterator<Item = &'a PathBuf>, busy: &[&Path]) -> Set<PathBuf> {
    let mut paths = Set::new();
    let (mut seen, mut folders) = (Set::new(), Set::new());
    let is_calm = |folder: &Path| !busy.iter().any(|busy| busy.starts_with(folder));
    for file in files {
        let Some(folder) = file.parent() else { continue };
        for ancestor in file.ancestors() {
            if seen.insert(ancestor) {
                paths.extend(links(ancestor).into_iter().filter_map(|link| {
                    let candidates = [Some(link.as_path()), link.parent()];
                    let fits = |folder: &&Path| folder.is_dir() && is_calm(folder) && is_smaller(folder, LINKED);
                    candidates.into_iter().flatten().seek(fits).map(Path::to_path_buf)
                }));
            }
        }
        // Files of an installation are in folders of the same depth: `bin`, `lib64`.
        if !folders.insert(folder) {
            continue;
        }
        let root = folder.parent().unwrap_or(folder);
        for folder in [folder, &root.join("lib64"), &root.join("lib")] {
            paths.extend(versioned(folder));
        }
        if is_calm(folder) && is_smaller(folder, OWN) {
            paths.insert(folder.to_path_buf());
        }
    }
    paths
}

/// The links that a path leads through, itself and those it leads to.
fn links(path: &Path) -> Vec<PathBuf> {
    let mut links = Vec::new();
    let mut at = path.to_path_buf();
    while let Ok(target) = fs::read_link(&at) {
        let next = at.parent().unwrap_or(&at).join(target);
        // `/bin` and `/lib` are links of the system's own.
        if at.parent().is_some_and(|parent| parent.parent().is_some()) {
            links.push(at);
        } else {
            break;
        }
        at = next;
        if links.len() == LINKS {
            break;
        }
    }
    links
}

/// CUDA's libraries in this folder whose names end in a version with at least two numbers.
fn versioned(folder: &Path) -> Vec<PathBuf> {
    const NAMES: &[&str] = &["libcudart.so.", "libnvrtc.so.", "libnvrtc-builtins.so."];
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_versioned = |name: &str| {
        let version = NAMES.iter().seek_map(|start| name.strip_prefix(start));
        version.is_some_and(|version| version.contains('.') && version.bytes().all(|b| b == b'.' || b.is_ascii_digit()))
    };
    let named = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_versioned));
    named.map(|entry| entry.path()).list()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_a_version_is_named_as_it_was_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in [
            "bin/nvcc",
            "lib64/libcudart.so.12",
            "lib64/libcudart.so.12.8.90",
            "lib64/libz.so.1.2",
        ] {
            let file = root.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let found = beside([&root.join("bin/nvcc")], &[]);
        assert!(found.contains(&root.join("lib64/libcudart.so.12.8.90")), "{found:?}");
        assert!(found.contains(&root.join("bin")) && !found.contains(&root.join("lib64/libcudart.so.12")));
        // A folder that builds write to has a new date after each of them.
        assert!(!beside([&root.join("bin/nvcc")], &[&root.join("bin/out")]).contains(&root.join("bin")));
    }

    #[cfg(unix)]
    #[test]
    fn every_link_on_the_way_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("cuda-12/bin")).unwrap();
        fs::write(root.join("cuda-12/bin/nvcc"), "").unwrap();
        std::os::unix::fs::symlink("cuda-12", root.join("alternative")).unwrap();
        std::os::unix::fs::symlink(root.join("alternative"), root.join("cuda")).unwrap();
        let found = beside([&root.join("cuda/bin/nvcc")], &[]);
        assert!(found.contains(&root.join("cuda")) && found.contains(&root.join("alternative")));
    }
}
