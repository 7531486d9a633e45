//! The raw boundaries of a workspace: every site of every member, with whose it is and whether it is test code.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::Serialize;

use gate_base::digest::Digest;
use gate_world::cargo::CargoModel;
use gate_world::files::{File, FileKind, FileList};

use super::cache::ScanCache;
use super::classify::{Classifier, Role};
use super::modules::ModuleGraph;
use super::scan::{Depth, scan_file};
use super::site::{FileScan, Kind, ModDecl, Safety, Site};
use super::unreached::Mentions;
use gate_base::parallel;

/// Number of sites by kind; kinds without sites are absent.
pub type Counts = BTreeMap<Kind, u32>;

/// Everything found in the members of a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// Every member, sorted by name.
    pub packages: Vec<PackageSurvey>,
    /// Source files of members that could not be read, sorted, each with the reason.
    pub unreadable: Vec<(String, String)>,
    /// Number of source files of members.
    pub files: u32,
}

/// What one member holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageSurvey {
    /// Package name.
    pub name: String,
    /// Its manifest, relative to the workspace root.
    pub manifest: String,
    /// Its files with sites, sorted by path.
    pub files: Vec<FileSurvey>,
}

/// One file with sites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSurvey {
    /// Path relative to the workspace root, `/`-separated.
    pub path: String,
    /// Its sites in the order of the text; [`Site::test`] says all that is known about test code: attributes in the
    /// file, the modules that reach it, and the targets it belongs to.
    pub sites: Vec<Site>,
}

/// Counts of a package or of a dependency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Tally {
    /// Sites of product code.
    pub code: Counts,
    /// Sites of test code.
    pub test: Counts,
    /// Unsafe blocks of product code without a SAFETY comment.
    pub undocumented_blocks: u32,
    /// Files with sites in product code.
    pub files: u32,
}

impl Tally {
    /// Adds one file.
    pub fn add<'s>(&mut self, sites: impl IntoIterator<Item = &'s Site>) {
        let before = self.total();
        for site in sites {
            let counts = if site.test { &mut self.test } else { &mut self.code };
            *counts.entry(site.kind).or_default() += 1;
            if !site.test && is_undocumented_block(site) {
                self.undocumented_blocks += 1;
            }
        }
        self.files += u32::from(self.total() > before);
    }

    /// Number of sites in product code.
    pub fn total(&self) -> u32 {
        self.code.values().sum()
    }
}

/// Whether the site is an unsafe block that should have a SAFETY comment and has none.
pub fn is_undocumented_block(site: &Site) -> bool {
    site.kind == Kind::UnsafeBlock && site.safety == Safety::Missing
}

impl PackageSurvey {
    /// Its counts.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for file in &self.files {
            tally.add(&file.sites);
        }
        tally
    }

    /// Sites of product code with their files.
    pub fn code(&self) -> impl Iterator<Item = (&FileSurvey, &Site)> {
        self.files
            .iter()
            .flat_map(|file| file.sites.iter().map(move |site| (file, site)))
            .filter(|(_, site)| !site.test)
    }
}

/// Reads a file of the list; called from several threads.
pub type Read<'r> = dyn Fn(&File) -> io::Result<Vec<u8>> + Sync + 'r;

impl Survey {
    /// Scans all sources of the members that the cache does not know.
    pub fn new(model: &CargoModel, files: &FileList, read: &Read<'_>, cache: &mut ScanCache) -> Self {
        let classifier = Classifier::new(model, files.iter().map(|file| file.path.as_str()));
        let sources: Vec<(&File, &str, Role)> = files
            .iter()
            .filter(|file| file.path.ends_with(".rs") && matches!(file.kind, FileKind::Regular | FileKind::Unreadable))
            .filter_map(|file| {
                let (member, role) = classifier.owner(&file.path)?;
                Some((file, member.name.as_str(), role))
            })
            .collect();

        let scans = scan_sources(&sources, read, cache);
        let mut unreadable = Vec::new();
        let mut found: BTreeMap<&str, FileScan> = BTreeMap::new();
        for ((file, _, _), scan) in sources.iter().zip(scans) {
            match scan {
                Ok(scan) => {
                    found.insert(&file.path, scan);
                }
                Err(error) => unreadable.push((file.path.clone(), error.to_string())),
            }
        }

        let Reached { test_only, unreached } = reached(model, &sources, &found, read, cache);
        let mut packages: Vec<PackageSurvey> = model
            .members
            .iter()
            .map(|member| PackageSurvey {
                name: member.name.clone(),
                manifest: member.manifest.clone(),
                files: Vec::new(),
            })
            .collect();
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        for (file, package, role) in &sources {
            let Some(FileScan { mut sites, .. }) = found.remove(file.path.as_str()) else {
                continue;
            };
            if sites.is_empty() || unreached.contains(&file.path) {
                continue;
            }
            if *role == Role::Test || test_only.contains(&file.path) {
                sites.iter_mut().for_each(|site| site.test = true);
            }
            if let Some(owner) = packages.iter_mut().find(|candidate| candidate.name == *package) {
                owner.files.push(FileSurvey {
                    path: file.path.clone(),
                    sites,
                });
            }
        }
        Self {
            packages,
            unreadable,
            files: sources.len() as u32,
        }
    }
}

fn scan_sources(sources: &[(&File, &str, Role)], read: &Read<'_>, cache: &mut ScanCache) -> Vec<io::Result<FileScan>> {
    let mut results: Vec<Option<io::Result<FileScan>>> = sources
        .iter()
        .map(|(file, _, _)| cache.get(&file.digest?, Depth::Sites).cloned().map(Ok))
        .collect();
    let (missing, unknown): (Vec<&File>, Vec<_>) = sources
        .iter()
        .zip(&mut results)
        .filter(|(_, result)| result.is_none())
        .map(|((file, _, _), result)| (*file, result))
        .unzip();
    let scanned = parallel::map(&missing, &|file| {
        let bytes = read(file)?;
        // The file may have changed since it was listed: remember the scan for what was read.
        let digest = file.digest.map(|_| Digest::of(&bytes));
        Ok((digest, scan_file(&bytes, Depth::Sites)))
    });
    for (result, scanned) in unknown.into_iter().zip(scanned) {
        *result = Some(scanned.map(|(digest, scan): (Option<Digest>, FileScan)| {
            if let Some(digest) = digest {
                cache.insert(digest, scan.clone());
            }
            scan
        }));
    }
    results
        .into_iter()
        .map(|result| result.unwrap_or_else(|| Err(io::ErrorKind::NotFound.into())))
        .collect()
}

/// What reaches the files with sites.
struct Reached {
    /// Test code alone.
    test_only: BTreeSet<String>,
    /// Nothing.
    unreached: BTreeSet<String>,
}

/// Which files with sites are reached by test code alone, or by nothing. Other files are read for their module declarations, but
/// only those that may declare a file with sites.
fn reached(
    model: &CargoModel,
    sources: &[(&File, &str, Role)],
    found: &BTreeMap<&str, FileScan>,
    read: &Read<'_>,
    cache: &mut ScanCache,
) -> Reached {
    let by_path: BTreeMap<&str, &File> = sources.iter().map(|(file, _, _)| (file.path.as_str(), *file)).collect();
    let roots: BTreeSet<&str> = model
        .members
        .iter()
        .flat_map(|member| &member.targets)
        .map(|target| target.source.as_str())
        .collect();
    // Only files with `#[path]` have their modules collected by the first pass.
    let anywhere = found
        .iter()
        .filter(|(_, scan)| {
            scan.mods
                .iter()
                .flatten()
                .any(|declaration| !declaration.paths.is_empty())
        })
        .map(|(path, _)| *path)
        .collect();
    let exists = |path: &str| by_path.contains_key(path);
    let mut mods = |path: &str| -> Vec<ModDecl> {
        let Some(file) = by_path.get(path) else {
            return Vec::new();
        };
        if let Some(mods) = found.get(path).and_then(|scan| scan.mods.clone()) {
            return mods;
        }
        if let Some(digest) = file.digest
            && let Some(scan) = cache.get(&digest, Depth::Modules)
        {
            return scan.mods.clone().unwrap_or_default();
        }
        let Ok(bytes) = read(file) else { return Vec::new() };
        let scan = scan_file(&bytes, Depth::Modules);
        let mods = scan.mods.clone().unwrap_or_default();
        if file.digest.is_some() {
            cache.insert(Digest::of(&bytes), scan);
        }
        mods
    };
    let mut graph = ModuleGraph::new(&exists, roots, anywhere, &mut mods);
    let with_sites: Vec<(&str, &str)> = sources
        .iter()
        .filter(|(file, _, role)| {
            *role == Role::Code
                && found
                    .get(file.path.as_str())
                    .is_some_and(|scan| scan.sites.iter().any(|site| !site.test))
        })
        .map(|(file, package, _)| (file.path.as_str(), *package))
        .collect();
    let test_only = with_sites.iter().filter(|(path, _)| graph.is_test_only(path));
    let test_only = test_only.map(|(path, _)| (*path).to_owned()).collect();
    let mut orphans: BTreeMap<&str, Vec<(&str, Vec<String>)>> = BTreeMap::new();
    for (path, package) in with_sites {
        if !graph.is_reached(path) {
            orphans.entry(package).or_default().push((path, graph.candidates(path)));
        }
    }
    let mut unreached = BTreeSet::new();
    for (package, orphans) in orphans {
        let of_package = sources.iter().filter(|(_, owner, _)| *owner == package);
        let texts: Option<Vec<(&str, Vec<u8>)>> = of_package
            .map(|(file, ..)| Some((file.path.as_str(), read(file).ok()?)))
            .collect();
        // What cannot be read may reach anything.
        let Some(texts) = texts else { continue };
        let mentions = Mentions {
            sources: texts.iter().map(|(path, text)| (*path, text.as_slice())).collect(),
        };
        if !mentions.computes_paths() {
            let data = orphans
                .iter()
                .filter(|(path, parents)| !mentions.may_compile(path, parents));
            unreached.extend(data.map(|(path, _)| (*path).to_owned()));
        }
    }
    Reached { test_only, unreached }
}
