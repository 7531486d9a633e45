//! What cargo is told: when to run the build script again.

use std::fs;
use std::path::{Path, PathBuf};

use super::context;
use crate::diagnostic::Diagnostic;
use crate::env::{Env, Os};
use crate::sorted::{List as _, Set};

/// Cargo looks at every file below a folder it is to watch; one with more entries than this is not worth it.
const MOST: usize = 4_000;

/// Lines for cargo.
///
/// `files` and `folders` are there; cargo runs a build script at every build for one that is not.
pub(crate) fn lines<'a>(
    files: impl IntoIterator<Item = &'a PathBuf>,
    folders: impl IntoIterator<Item = &'a PathBuf>,
) -> Vec<String> {
    let mut lines: Vec<String> = context::variables()
        .into_iter()
        .map(|name| format!("cargo::rerun-if-env-changed={name}"))
        .list();
    let paths: Set<&PathBuf> = files.into_iter().chain(folders).collect();
    // A name with a line end cannot be told to cargo.
    for path in paths {
        if let Some(path) = path.to_str()
            && !path.contains(['\n', '\r'])
        {
            lines.push(format!("cargo::rerun-if-changed={path}"));
        }
    }
    lines
}

/// What changes when a compiler is installed at one of the places where none was: the nearest folder that is there,
/// unless it is so large that looking at it costs more than it gives, and on Linux the cache of the dynamic linker.
pub(crate) fn places(env: &Env, searched: &[PathBuf]) -> Vec<PathBuf> {
    let mut places = Set::new();
    let mut seen = Set::new();
    for file in searched {
        let nearest = file.ancestors().skip(1).seek(|folder| folder.is_dir());
        if let Some(folder) = nearest
            && folder.parent().is_some()
            && seen.insert(folder.to_path_buf())
            && is_small(folder)
        {
            places.insert(folder.to_path_buf());
        }
    }
    let linker = Path::new("/etc/ld.so.cache");
    if env.os() == Os::Linux && linker.is_file() {
        places.insert(linker.to_path_buf());
    }
    places.into_iter().list()
}

pub(super) fn is_small(folder: &Path) -> bool {
    is_smaller(folder, MOST)
}

/// Whether there are at most so many entries below a folder, links followed.
pub(super) fn is_smaller(folder: &Path, most: usize) -> bool {
    let mut left = most;
    fits(folder, &mut left, 0)
}

fn fits(folder: &Path, left: &mut usize, depth: usize) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return true;
    };
    for entry in entries.flatten() {
        if *left == 0 || depth > 16 {
            return false;
        }
        *left -= 1;
        // Cargo follows links.
        if fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir()) && !fits(&entry.path(), left, depth + 1) {
            return false;
        }
    }
    true
}

/// Warnings as cargo shows them, a line each.
pub(crate) fn warnings(warnings: &[Diagnostic]) -> Vec<String> {
    warnings
        .iter()
        .flat_map(|warning| {
            let text = warning.to_string();
            text.lines().map(|line| format!("cargo::warning={line}")).list()
        })
        .list()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Disk;

    #[test]
    fn the_nearest_folder_that_is_there_is_watched() {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        fs::create_dir_all(&bin).unwrap();
        let env = Env::new(Os::Windows, Vec::<(String, String)>::new(), Disk);
        let searched = [bin.join("nvcc"), folder.path().join("cuda/bin/nvcc")];
        let expected: Set<PathBuf> = [bin.clone(), folder.path().to_path_buf()].into();
        assert_eq!(places(&env, &searched), expected.into_iter().collect::<Vec<_>>());
        for number in 0..=MOST {
            fs::write(bin.join(number.to_string()), "").unwrap();
        }
        assert_eq!(places(&env, &searched), Vec::<PathBuf>::new());
    }
}
