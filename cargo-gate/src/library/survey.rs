//! The library code of a workspace: every file that the library target of a member is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use semver::Version;

use crate::boundary::classify::{Classifier, Role};
use crate::boundary::survey::Read;
use crate::boundary::{modules, parallel};
use crate::digest::Digest;
use crate::workspace::cargo::{CargoModel, Member, Target};
use crate::workspace::files::{File, FileKind, FileList};

use super::cache::LibraryCache;
use super::panics::{PanicCounts, PanicSite};
use super::scan::{LibraryScan, scan_file};

/// The library code of all members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// Members with a library target, sorted by name.
    pub packages: Vec<PackageSurvey>,
    /// Source files that could not be read, sorted, each with the reason.
    pub unreadable: Vec<(String, String)>,
}

/// The library code of one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageSurvey {
    /// Package name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Name of the library as code writes it.
    pub library: String,
    /// Whether it may be published.
    pub publish: bool,
    /// Its manifest, relative to the workspace root.
    pub manifest: String,
    /// Its files, sorted by path.
    pub files: Vec<FileSurvey>,
}

/// One file of a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSurvey {
    /// Path relative to the workspace root, `/`-separated.
    pub path: String,
    /// Path of its module, `library::module`; of the library alone where no `mod` declaration tells more.
    pub module: String,
    /// What it holds.
    pub scan: LibraryScan,
}

impl PackageSurvey {
    /// Number of places that panic by kind.
    pub fn panic_counts(&self) -> PanicCounts {
        let mut counts = PanicCounts::new();
        for (_, site) in self.panics() {
            *counts.entry(site.kind).or_default() += 1;
        }
        counts
    }

    /// Places that panic, with their files.
    pub fn panics(&self) -> impl Iterator<Item = (&FileSurvey, &PanicSite)> {
        self.files
            .iter()
            .flat_map(|file| file.scan.panics.iter().map(move |site| (file, site)))
    }
}

/// How a file is reached from the targets of its package; the first one wins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    /// From the library outside of tests, with the path of the module.
    Library(String),
    /// Only for tests, from a binary or from the build script.
    Elsewhere,
}

impl Survey {
    /// Scans the sources of all members with a library that the cache does not know.
    pub(crate) fn new(model: &CargoModel, files: &FileList, read: &Read<'_>, cache: &mut LibraryCache) -> Self {
        let classifier = Classifier::new(model, files.iter().map(|file| file.path.as_str()));
        let mut by_member: BTreeMap<&str, Vec<&File>> = BTreeMap::new();
        for file in files.iter() {
            if !file.path.ends_with(".rs") || !matches!(file.kind, FileKind::Regular | FileKind::Unreadable) {
                continue;
            }
            let Some((member, role)) = classifier.owner(&file.path) else {
                continue;
            };
            // The modules of a build script lie where those of the library do.
            let build_script = || member.targets.iter().any(|target| target.source == file.path);
            if library(member).is_some() && (role == Role::Code || build_script()) {
                by_member.entry(&member.name).or_default().push(file);
            }
        }
        let all: Vec<&File> = by_member.values().flatten().copied().collect();
        let mut unreadable = Vec::new();
        let mut scans: BTreeMap<&str, LibraryScan> = BTreeMap::new();
        for (file, scan) in all.iter().zip(scan_all(&all, read, cache)) {
            match scan {
                Ok(scan) => drop(scans.insert(&file.path, scan)),
                Err(error) => unreadable.push((file.path.clone(), error.to_string())),
            }
        }
        unreadable.sort();

        let mut packages: Vec<PackageSurvey> = Vec::new();
        for member in &model.members {
            let Some(target) = library(member) else { continue };
            let crate_name = target.name.replace('-', "_");
            let reached = reached(member, &crate_name, &scans);
            let own = by_member.get(member.name.as_str()).into_iter().flatten();
            let files = own.filter_map(|file| {
                let module = match reached.get(&file.path) {
                    Some(Reached::Library(module)) => module.clone(),
                    Some(Reached::Elsewhere) => return None,
                    // Nothing declares it: a macro names it or `include!` reads it, or it is dead.
                    None => crate_name.clone(),
                };
                Some(FileSurvey {
                    path: file.path.clone(),
                    module,
                    scan: scans.get(file.path.as_str())?.clone(),
                })
            });
            packages.push(PackageSurvey {
                name: member.name.clone(),
                version: member.version.clone(),
                publish: member.publish,
                manifest: member.manifest.clone(),
                files: files.collect(),
                library: crate_name,
            });
        }
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        Self { packages, unreadable }
    }

    /// The package with this name.
    pub fn package(&self, name: &str) -> Option<&PackageSurvey> {
        self.packages.iter().find(|package| package.name == name)
    }
}

fn library(member: &Member) -> Option<&Target> {
    const KINDS: [&str; 6] = ["lib", "rlib", "dylib", "cdylib", "staticlib", "proc-macro"];
    member
        .targets
        .iter()
        .find(|target| target.kind.iter().any(|kind| KINDS.contains(&kind.as_str())))
}

fn scan_all(files: &[&File], read: &Read<'_>, cache: &mut LibraryCache) -> Vec<io::Result<LibraryScan>> {
    let known: &LibraryCache = cache;
    let scans = parallel::map(files, &|file| {
        if let Some(scan) = file.digest.and_then(|digest| known.get(&digest)) {
            return Ok((file.digest, scan.clone()));
        }
        let bytes = read(file)?;
        // The file may have changed since it was listed: remember the scan for what was read.
        let digest = file.digest.map(|_| Digest::of(&bytes));
        Ok((digest, scan_file(&bytes)))
    });
    scans
        .into_iter()
        .map(|result: io::Result<(Option<Digest>, LibraryScan)>| {
            result.map(|(digest, scan)| {
                if let Some(digest) = digest {
                    cache.keep(digest, &scan);
                }
                scan
            })
        })
        .collect()
}

/// Follows the module declarations of all targets of a member whose files were scanned.
fn reached(member: &Member, crate_name: &str, scans: &BTreeMap<&str, LibraryScan>) -> BTreeMap<String, Reached> {
    let roots: BTreeSet<&str> = member.targets.iter().map(|target| target.source.as_str()).collect();
    let source = library(member).map(|target| target.source.as_str());
    let mut queue: Vec<(String, Reached)> = roots
        .iter()
        .filter(|root| Some(**root) != source)
        .map(|root| ((*root).to_owned(), Reached::Elsewhere))
        .collect();
    // The queue is worked off from its end: the library first, so that what it shares is seen once.
    queue.extend(source.map(|source| (source.to_owned(), Reached::Library(crate_name.to_owned()))));
    let mut reached: BTreeMap<String, Reached> = BTreeMap::new();
    while let Some((path, how)) = queue.pop() {
        if reached
            .get(&path)
            .is_some_and(|before| *before <= how || is_library(before))
        {
            continue;
        }
        let Some(scan) = scans.get(path.as_str()) else { continue };
        for declaration in &scan.mods {
            let next = match &how {
                Reached::Library(module) if !declaration.test => {
                    let inline = declaration.inline.iter().map(String::as_str);
                    let path: Vec<&str> = [module.as_str()]
                        .into_iter()
                        .chain(inline)
                        .chain([declaration.name.as_str()])
                        .collect();
                    Reached::Library(path.join("::"))
                }
                _ => Reached::Elsewhere,
            };
            for target in modules::targets(&path, roots.contains(path.as_str()), declaration) {
                if scans.contains_key(target.as_str()) {
                    queue.push((target, next.clone()));
                }
            }
        }
        reached.insert(path, how);
    }
    reached
}

fn is_library(reached: &Reached) -> bool {
    matches!(reached, Reached::Library(_))
}
