//! Where a program is, by one rule for every process that is started and for every program that is looked at.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The program of this name, absolute: one of the directories of `path` holds it, or it lies where the name says, from `cwd` on, if
/// that has a directory in it. `extensions` is the `PATHEXT` of Windows. `None` where it is not there or not executable. Starts
/// nothing.
pub fn find(name: &OsStr, cwd: &Path, path: Option<&OsStr>, extensions: Option<&str>) -> Option<PathBuf> {
    let existing = |base: PathBuf| spellings(base, extensions).into_iter().find(|path| is_program(path));
    if Path::new(name).components().count() > 1 {
        return existing(cwd.join(name));
    }
    std::env::split_paths(path?)
        .filter(|directory| !directory.as_os_str().is_empty())
        .find_map(|directory| existing(cwd.join(directory).join(name)))
}

/// What a program may be called on disk. Windows starts `git` where it finds `git.exe` or, in the directories of
/// version managers, `git.cmd`; a file without an extension is a shell script there, and not a program.
fn spellings(base: PathBuf, extensions: Option<&str>) -> Vec<PathBuf> {
    if !cfg!(windows) {
        return vec![base];
    }
    let known = extensions.unwrap_or(".EXE").split(';');
    let startable: Vec<&str> = known
        .filter(|extension| {
            [".com", ".exe", ".bat", ".cmd"]
                .iter()
                .any(|one| one.eq_ignore_ascii_case(extension))
        })
        .collect();
    let complete = base.extension().is_some_and(|own| {
        let own = own.as_encoded_bytes();
        startable.iter().any(|one| {
            one.as_bytes()
                .strip_prefix(b".")
                .is_some_and(|one| one.eq_ignore_ascii_case(own))
        })
    });
    let mut spellings = Vec::new();
    for extension in &startable {
        let mut spelled = base.clone().into_os_string();
        // As cargo and rustup spell their own.
        spelled.push(extension.to_ascii_lowercase());
        spellings.push(spelled.into());
    }
    if complete {
        spellings.insert(0, base);
    }
    spellings
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}
