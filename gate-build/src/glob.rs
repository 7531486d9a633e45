//! Patterns of source files: `*` and `?` within a name, `**` for any number of folders.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::sorted::{List as _, sort};

/// Files below `root` that `pattern` names, sorted. Symbolic links to folders are not followed below `**`.
///
/// # Errors
/// Nothing matches, or a folder cannot be read.
pub(crate) fn expand(root: &Path, pattern: &str) -> Result<Vec<PathBuf>, Error> {
    let normal = pattern.replace('\\', "/");
    let mut found = Vec::new();
    if normal.contains(['*', '?']) {
        let mut base = PathBuf::new();
        let mut rest: Vec<&str> = normal.split('/').list();
        if normal.starts_with('/') {
            base.push("/");
            rest.remove(0);
        }
        walk(&root.join(base), &rest, &mut found)?;
    } else {
        let file = root.join(pattern);
        if file.is_file() {
            found.push(file);
        }
    }
    if found.is_empty() {
        return Err(Error::configuration(
            format!("no file matches `{pattern}` in `{}`", root.display()),
            "correct the pattern in build.rs; patterns are relative to the crate",
        ));
    }
    sort(&mut found);
    found.dedup();
    Ok(found)
}

fn walk(folder: &Path, parts: &[&str], found: &mut Vec<PathBuf>) -> Result<(), Error> {
    let Some((&part, rest)) = parts.split_first() else {
        return Ok(());
    };
    if part == "**" {
        walk(folder, rest, found)?;
        for (name, path, is_folder) in entries(folder)? {
            if is_folder && !name.starts_with('.') {
                walk(&path, parts, found)?;
            }
        }
    } else if part.contains(['*', '?']) {
        for (name, path, _) in entries(folder)? {
            if matches(part, &name) {
                step(path, rest, found)?;
            }
        }
    } else {
        step(folder.join(part), rest, found)?;
    }
    Ok(())
}

fn step(path: PathBuf, rest: &[&str], found: &mut Vec<PathBuf>) -> Result<(), Error> {
    if rest.is_empty() {
        if path.is_file() {
            found.push(path);
        }
        Ok(())
    } else if path.is_dir() {
        walk(&path, rest, found)
    } else {
        Ok(())
    }
}

fn entries(folder: &Path) -> Result<Vec<(String, PathBuf, bool)>, Error> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io("cannot list", folder))? {
        let entry = entry.map_err(Error::io("cannot list", folder))?;
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if let Ok(name) = entry.file_name().into_string() {
            entries.push((name, entry.path(), is_folder));
        }
    }
    crate::sorted::sort(&mut entries);
    Ok(entries)
}

/// Whether `pattern` names the file at `path`, both with `/` and relative to the same folder, as [`expand`] would find it.
pub(crate) fn covers(pattern: &str, path: &str) -> bool {
    fn parts_cover(pattern: &[&str], path: &[&str]) -> bool {
        let Some((&part, rest)) = pattern.split_first() else {
            return path.is_empty();
        };
        let Some((&name, others)) = path.split_first() else {
            return false;
        };
        match part {
            "**" => {
                parts_cover(rest, path) || !others.is_empty() && !name.starts_with('.') && parts_cover(pattern, others)
            }
            "." => parts_cover(rest, path),
            _ => matches(part, name) && parts_cover(rest, others),
        }
    }
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').list(), path.split('/').list());
    parts_cover(&pattern, &path)
}

/// Whether `name` is of the form `pattern`.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().list(), name.chars().list());
    let (mut p, mut n) = (0, 0);
    // Where the last `*` stood, and how much of the name it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, n));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == name[n]) {
            p += 1;
            n += 1;
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            p = at + 1;
            n = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&rest| rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_patterns() {
        for (pattern, name, expected) in [
            ("*.cu", "a.cu", true),
            ("*.cu", "a.cuh", false),
            ("a*b*c", "aXbYbc", true),
            ("?.cu", "é.cu", true),
            ("?.cu", "ab.cu", false),
            ("*", "", true),
            ("a", "", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn files_are_found_in_any_folder_and_sorted() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["k/b.cu", "k/a.cu", "k/x/a.cu", "k/x/y/a.cu", "k/a.h", "k/.git/a.cu"] {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let names = |pattern: &str| -> Vec<String> {
            expand(folder.path(), pattern)
                .unwrap()
                .iter()
                .map(|path| crate::unit::UnitName::of(folder.path(), path).to_string())
                .collect()
        };
        assert_eq!(names("k/*.cu"), ["k/a.cu", "k/b.cu"]);
        assert_eq!(names("k/**/*.cu"), ["k/a.cu", "k/b.cu", "k/x/a.cu", "k/x/y/a.cu"]);
        assert_eq!(names("k/*/a.cu"), ["k/.git/a.cu", "k/x/a.cu"]);
        assert_eq!(names("k/a.cu"), ["k/a.cu"]);
        let all = ["k/b.cu", "k/a.cu", "k/x/a.cu", "k/x/y/a.cu", "k/a.h", "k/.git/a.cu"];
        for pattern in [
            "k/*.cu",
            "k/**/*.cu",
            "k/*/a.cu",
            "k/a.cu",
            "**/a.cu",
            "./k/*.cu",
            "k/**/a.?",
        ] {
            let mut covered: Vec<&str> = all.into_iter().filter(|path| covers(pattern, path)).collect();
            covered.sort_unstable();
            assert_eq!(names(pattern), covered, "{pattern}");
        }
        assert!(covers("../k/*.cu", "../k/a.cu") && !covers("k/*.cu", "../k/a.cu"));
        let error = expand(folder.path(), "no/*.cu").unwrap_err().to_string();
        assert!(error.contains("no/*.cu"), "{error}");
    }
}
