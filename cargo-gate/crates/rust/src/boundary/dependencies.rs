//! Boundaries of dependencies. Their sources never change under a checksum or a revision, so their counts are kept by
//! it and each is read once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use gate_world::cargo::Dependency;

use super::classify::{Role, conventional_role};
use super::scan::{Depth, scan_file};
use super::survey::Tally;
use gate_base::{parallel, record};

/// Raised with every change of the scan or of the stored form.
const VERSION: u32 = 2;

/// Counts of one dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DependencySurvey {
    /// Package name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its counts; the reason where its sources could not be read.
    pub tally: Result<Tally, String>,
}

/// Surveys all dependencies; those known by checksum or revision are not read. Sorted as given.
pub fn survey(dependencies: &[Dependency], gate_dir: &Path) -> Vec<DependencySurvey> {
    let path = gate_dir.join("boundary-dependencies.bin");
    let mut known: BTreeMap<String, Tally> = record::read(&path, VERSION).unwrap_or_default();
    let missing: Vec<&Dependency> = dependencies
        .iter()
        .filter(|dependency| key(dependency).is_none_or(|key| !known.contains_key(&key)))
        .collect();
    // Each dependency is listed and then all files of all of them are scanned together: crates differ much in size.
    let listings: Vec<Result<Vec<(PathBuf, Role)>, String>> =
        parallel::map(&missing, &|dependency| sources(&dependency.manifest));
    let files: Vec<(usize, &PathBuf, Role)> = listings
        .iter()
        .enumerate()
        .flat_map(|(index, listing)| listing.iter().flatten().map(move |(path, role)| (index, path, *role)))
        .collect();
    let scans = parallel::map(&files, &|(index, path, role)| {
        let scan = std::fs::read(path).map(|bytes| {
            let mut sites = scan_file(&bytes, Depth::Sites).sites;
            sites.iter_mut().for_each(|site| site.test |= *role == Role::Test);
            let mut tally = Tally::default();
            tally.add(&sites);
            tally
        });
        (
            *index,
            scan.map_err(|error| format!("cannot read `{}`: {error}", path.display())),
        )
    });
    let mut fresh: Vec<Result<Tally, String>> = listings
        .iter()
        .map(|listing| listing.as_ref().map(|_| Tally::default()).map_err(Clone::clone))
        .collect();
    for (index, scan) in scans {
        match (fresh.get_mut(index), scan) {
            (Some(Ok(sum)), Ok(tally)) => sum.merge(&tally),
            (Some(slot @ Ok(_)), Err(error)) => *slot = Err(error),
            (Some(Err(_)) | None, _) => {}
        }
    }

    let mut scanned = BTreeMap::new();
    let mut changed = false;
    for (dependency, tally) in missing.into_iter().zip(fresh) {
        if let (Some(key), Ok(tally)) = (key(dependency), &tally) {
            known.insert(key, tally.clone());
            changed = true;
        }
        scanned.insert(&dependency.manifest, tally);
    }
    let surveys = dependencies
        .iter()
        .map(|dependency| DependencySurvey {
            name: dependency.name.clone(),
            version: dependency.version.to_string(),
            tally: match scanned.get(&dependency.manifest) {
                Some(tally) => tally.clone(),
                None => key(dependency)
                    .and_then(|key| known.get(&key).cloned())
                    .ok_or_else(|| "its sources were not scanned".into()),
            },
        })
        .collect();
    let used: BTreeSet<String> = dependencies.iter().filter_map(key).collect();
    let before = known.len();
    known.retain(|key, _| used.contains(key));
    if changed || known.len() != before {
        // Best effort: without the file the next run reads the sources again.
        let _ = record::write(&path, VERSION, &known);
    }
    surveys
}

impl Tally {
    fn merge(&mut self, other: &Tally) {
        for (mine, theirs) in [(&mut self.code, &other.code), (&mut self.test, &other.test)] {
            for (kind, count) in theirs {
                *mine.entry(*kind).or_default() += count;
            }
        }
        self.undocumented_blocks += other.undocumented_blocks;
        self.files += other.files;
    }
}

/// What the sources can never change under: the source with its revision for git, and source, name, version and
/// checksum for a registry. A path dependency has nothing of the kind and is always read.
fn key(dependency: &Dependency) -> Option<String> {
    let source = dependency.source.as_deref()?;
    if source.starts_with("git+") && !source.contains('#') {
        return None;
    }
    let checksum = dependency.checksum.as_deref().unwrap_or_default();
    Some(format!(
        "{source} {} {} {checksum}",
        dependency.name, dependency.version
    ))
}

/// All `.rs` files of the package with this manifest, without those of packages inside, sorted.
fn sources(manifest: &Path) -> Result<Vec<(PathBuf, Role)>, String> {
    let root = manifest
        .parent()
        .ok_or_else(|| format!("`{}` has no directory", manifest.display()))?;
    let mut files = Vec::new();
    list(root, root, &mut files).map_err(|error| format!("cannot read `{}`: {error}", root.display()))?;
    files.sort();
    Ok(files)
}

fn list(root: &Path, directory: &Path, files: &mut Vec<(PathBuf, Role)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        // Links are not followed: what they point to is listed where it lies, or is not part of the package.
        let kind = entry.file_type()?;
        let path = entry.path();
        let name = entry.file_name();
        if kind.is_dir() {
            let skipped = name == "target" || name == ".git" || path.join("Cargo.toml").is_file();
            if !skipped {
                list(root, &path, files)?;
            }
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "rs") {
            let inside = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .to_string_lossy()
                .replace('\\', "/");
            files.push((path, conventional_role(&inside)));
        }
    }
    Ok(())
}
