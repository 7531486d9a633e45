//! What the code of a workspace asks of the system: files, processes, the network, threads, variables, foreign functions.

pub(crate) mod find;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::boundary::classify::{Classifier, Role, below, is_product};
use crate::boundary::modules::ModuleGraph;
use crate::boundary::parallel;
use crate::boundary::scan::{Depth, scan_file};
use crate::boundary::survey::Read;
use crate::policy::UsedPath;
use crate::report::Location;
use crate::workspace::cargo::{CargoModel, Member};
use crate::workspace::files::{File, FileKind, FileList};

/// The places that use one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// What is used at the first place, as the code spells it.
    pub what: String,
    /// The first place, by path and line.
    pub first: Location,
    /// Number of places.
    pub places: usize,
}

/// Whether a file lies where a library or a binary of the package has its modules. Scripts beside them are part of neither.
fn belongs_to_a_product(member: &Member, path: &str) -> bool {
    let products = member.targets.iter().filter(|target| is_product(&target.kind));
    // Where cargo was not asked for targets, nothing is left out.
    if member.targets.is_empty() {
        return true;
    }
    products.map(|target| target.source.as_str()).any(|source| {
        let directory = source.rsplit_once('/').map_or("", |(directory, _)| directory);
        source == path || below(path, directory)
    })
}

/// What the libraries and binaries of all members use, outside of tests.
///
/// # Errors
/// The first file that cannot be read, with the reason.
pub fn survey(
    model: &CargoModel,
    files: &FileList,
    read: &Read<'_>,
) -> Result<BTreeMap<UsedPath, Used>, (String, io::Error)> {
    let classifier = Classifier::new(model, files.iter().map(|file| file.path.as_str()));
    let sources: Vec<&File> = files
        .iter()
        .filter(|file| file.path.ends_with(".rs") && matches!(file.kind, FileKind::Regular | FileKind::Unreadable))
        .filter(|file| match classifier.owner(&file.path) {
            Some((member, Role::Code)) => belongs_to_a_product(member, &file.path),
            _ => false,
        })
        .collect();
    let crates: BTreeSet<String> = model
        .dependencies
        .iter()
        .map(|dependency| &dependency.name)
        .chain(model.members.iter().map(|member| &member.name))
        .map(|name| name.replace('-', "_"))
        .collect();
    let scanned = parallel::map(&sources, &|file| {
        let bytes = read(file)?;
        let mut sites = find::scan_file(&bytes);
        // A word that is no module of a library is a crate, if there is one.
        let known = |what: &str| model.dependencies.is_empty() || crates.contains(what);
        sites.retain(|site| site.what.contains("::") || site.what == "extern" || known(&site.what));
        Ok((sites, scan_file(&bytes, Depth::Modules).mods.unwrap_or_default()))
    });
    let mut found = BTreeMap::new();
    for (file, scan) in sources.iter().zip(scanned) {
        let scan: io::Result<_> = scan;
        found.insert(file.path.as_str(), scan.map_err(|error| (file.path.clone(), error))?);
    }
    let roots = model
        .members
        .iter()
        .flat_map(|member| &member.targets)
        .map(|target| target.source.as_str())
        .collect();
    let anywhere = found
        .iter()
        .filter(|(_, (_, mods))| mods.iter().any(|declaration| !declaration.paths.is_empty()))
        .map(|(path, _)| *path)
        .collect();
    let exists = |path: &str| found.contains_key(path);
    let mut mods = |path: &str| found.get(path).map(|(_, mods)| mods.clone()).unwrap_or_default();
    let mut graph = ModuleGraph::new(&exists, roots, anywhere, &mut mods);
    let mut used: BTreeMap<UsedPath, Used> = BTreeMap::new();
    for (path, (sites, _)) in &found {
        if sites.is_empty() || graph.is_test_only(path) {
            continue;
        }
        for site in sites {
            used.entry(site.path)
                .or_insert_with(|| Used {
                    what: site.what.clone(),
                    first: Location {
                        column: Some(site.column),
                        ..Location::line(*path, site.line)
                    },
                    places: 0,
                })
                .places += 1;
        }
    }
    Ok(used)
}
