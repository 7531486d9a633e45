//! The units of a build directory: what cargo built, when that began, and what it read. The layout is that of cargo's
//! build cache: `<profile>/.fingerprint/<package>-<hash>` for each unit, and `<profile>/{deps,examples,build}` for what it
//! left (<https://doc.rust-lang.org/cargo/reference/build-cache.html>).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gate_world::index::Stamp;

use super::dep_info;
use super::packages::Packages;

/// Directories of a build directory that rarely hold a profile, and many other files. They may be one themselves, or hold
/// one directly: a profile or a target may have any of these names.
const NO_PROFILE: &[&str] = &[
    "deps",
    "build",
    "incremental",
    "examples",
    "doc",
    "gate",
    "package",
    "tmp",
];
/// A profile lies at most so many directories deep: `<tool>/<triple>/<profile>`.
const DEPTH: usize = 3;
/// A time stamp of cargo that changed so much later or earlier than it says, in nanoseconds, was copied from somewhere else, or
/// set.
const COPIED: u64 = 2_000_000_000;

/// Something that cargo built or ran, of a package whose sources can change.
#[derive(Debug)]
pub(super) struct Unit {
    /// What makes cargo take it as built: a directory, and for a build script its output too, without which cargo builds
    /// again what depends on it.
    pub(super) records: Vec<PathBuf>,
    /// When it began, nanoseconds since 1970; `None` where that is not known, or was not on this machine.
    pub(super) began: Option<i64>,
    /// Files and directories that it read.
    pub(super) files: Vec<PathBuf>,
    /// Names of environment variables that it read.
    pub(super) variables: Vec<String>,
    /// Whether the compiler read the files, and not a build script, which may look at what is installed.
    pub(super) compiled: bool,
}

/// The profile directories below a build directory: those that have units.
pub(super) fn profiles(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    search(directory, DEPTH, &mut found);
    found.sort();
    found
}

fn search(directory: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if directory.join(".fingerprint").is_dir() {
        found.push(directory.to_owned());
        return;
    }
    let Some(below) = depth.checked_sub(1) else { return };
    for path in list(directory) {
        let name = path.file_name().unwrap_or_default();
        let is_directory = fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_dir());
        if is_directory {
            let is_other = NO_PROFILE.iter().any(|other| name == *other);
            search(&path, if is_other { below.min(1) } else { below }, found);
        }
    }
}

/// The units of a profile directory whose sources can change: those of packages that no registry holds. Relative paths of
/// sources count from one of `roots`.
pub(super) fn units(profile: &Path, roots: &[PathBuf], packages: &Packages) -> Vec<Unit> {
    let described = dep_info_files(profile);
    let mut units = Vec::new();
    for fingerprint in list(&profile.join(".fingerprint")) {
        let Some(name) = fingerprint.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let Some((package, hash)) = name.rsplit_once('-') else {
            continue;
        };
        let runs_script = list(&fingerprint).iter().any(|file| {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.starts_with("run-build-script-")
        });
        let unit = if runs_script {
            of_build_script(&fingerprint, &profile.join("build").join(name), packages.named(package))
        } else if let Some(text) = described.get(hash).and_then(|path| fs::read_to_string(path).ok()) {
            let sources = dep_info::of_compiler(&text);
            let files: Vec<PathBuf> = sources.files.iter().flat_map(|file| below(roots, file)).collect();
            // What a build script wrote is no source that somebody edits.
            let is_local = files
                .iter()
                .any(|file| !file.starts_with(profile) && packages.may_change(file));
            is_local.then(|| Unit {
                began: began(&fingerprint.join("invoked.timestamp")),
                records: vec![fingerprint.clone()],
                files,
                variables: sources.variables,
                compiled: true,
            })
        } else {
            // What leaves no dep-info, such as documentation, reads its package.
            whole(&fingerprint, packages.named(package))
        };
        units.extend(unit);
    }
    units
}

/// The files that a path in a dep-info file can be: whichever is there.
fn below(roots: &[PathBuf], file: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = roots.iter().map(|root| root.join(file)).collect();
    if file.is_absolute() {
        all.truncate(1);
    } else if let Some(first) = all.first().cloned() {
        all.retain(|path| fs::symlink_metadata(path).is_ok());
        if all.is_empty() {
            all.push(first);
        }
    }
    all
}

fn of_build_script(fingerprint: &Path, output: &Path, packages: &[PathBuf]) -> Option<Unit> {
    let text = fs::read_to_string(output.join("output")).unwrap_or_default();
    let mut unit = Unit {
        records: vec![fingerprint.to_owned(), output.join("output")],
        began: began(&output.join("invoked.timestamp")),
        files: Vec::new(),
        variables: Vec::new(),
        compiled: false,
    };
    // Of packages that share a name every one is taken to be it.
    for package in packages {
        let (files, variables) = dep_info::of_build_script(&text, package);
        unit.files.extend(files.unwrap_or_else(|| vec![package.clone()]));
        unit.variables = variables;
    }
    (!packages.is_empty()).then_some(unit)
}

fn whole(fingerprint: &Path, packages: &[PathBuf]) -> Option<Unit> {
    (!packages.is_empty()).then(|| Unit {
        records: vec![fingerprint.to_owned()],
        began: began(&fingerprint.join("invoked.timestamp")),
        files: packages.to_vec(),
        variables: Vec::new(),
        compiled: false,
    })
}

/// When a unit began, by the file that cargo writes then. A file that was copied says when something began elsewhere, and one
/// whose time was set, even to a later one, says nothing.
fn began(timestamp: &Path) -> Option<i64> {
    let stamp = Stamp::of(&fs::symlink_metadata(timestamp).ok()?);
    let copied = stamp.changed.abs_diff(stamp.modified) > COPIED;
    (cfg!(unix) && !copied).then_some(stamp.modified)
}

/// Dep-info files by the hash of their unit.
fn dep_info_files(profile: &Path) -> BTreeMap<String, PathBuf> {
    let built = [list(&profile.join("deps")), list(&profile.join("examples"))];
    let scripts = list(&profile.join("build"));
    let files = built
        .into_iter()
        .flatten()
        .chain(scripts.iter().flat_map(|path| list(path)));
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "d"))
        .filter_map(|path| {
            let (_, hash) = path.file_stem()?.to_str()?.rsplit_once('-')?;
            Some((hash.to_owned(), path))
        })
        .collect()
}

/// The entries of a directory; none where it cannot be read.
pub(super) fn list(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}
