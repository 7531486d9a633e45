//! The library code of a workspace: every file that the library target of a member is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use semver::Version;

use crate::rust::boundary::classify::belongs_to_a_product;
use crate::rust::boundary::modules;
use crate::rust::code::{Code, CodeScan};
use crate::rust::facts::{PanicCounts, PanicSite};
use crate::workspace::cargo::{CargoModel, Member, Target};

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
    pub scan: Arc<CodeScan>,
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
    /// The library code among the code of all members.
    pub(crate) fn new(model: &CargoModel, code: &Code) -> Self {
        let with_library: BTreeSet<&str> = model
            .members
            .iter()
            .filter(|member| library(member).is_some())
            .map(|member| member.name.as_str())
            .collect();
        let mut unreadable = Vec::new();
        let mut scans: BTreeMap<&str, &Arc<CodeScan>> = BTreeMap::new();
        // The modules of a build script lie where those of the library do.
        for file in code
            .files()
            .iter()
            .filter(|file| with_library.contains(file.package.as_str()))
        {
            match &file.scan {
                Ok(scan) => drop(scans.insert(&file.path, scan)),
                Err(reason) => unreadable.push((file.path.clone(), reason.clone())),
            }
        }

        let mut packages: Vec<PackageSurvey> = Vec::new();
        for member in &model.members {
            let Some(target) = library(member) else { continue };
            let crate_name = target.name.replace('-', "_");
            let reached = reached(member, &crate_name, &scans);
            let files = code.of(&member.name).filter_map(|file| {
                let module = match reached.get(&file.path) {
                    Some(Reached::Library(module)) => module.clone(),
                    Some(Reached::Elsewhere) => return None,
                    // Nothing declares it: a macro names it or `include!` reads it, or it is dead.
                    None if belongs_to_a_product(member, &file.path) => crate_name.clone(),
                    None => return None,
                };
                Some(FileSurvey {
                    path: file.path.clone(),
                    module,
                    scan: Arc::clone(file.scan.as_ref().ok()?),
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

/// Follows the module declarations of all targets of a member whose files were scanned.
fn reached(member: &Member, crate_name: &str, scans: &BTreeMap<&str, &Arc<CodeScan>>) -> BTreeMap<String, Reached> {
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
