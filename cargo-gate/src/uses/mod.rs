//! What the code of a workspace asks of the system: files, processes, the network, threads, variables, foreign functions.

pub(crate) mod find;

use std::collections::BTreeMap;
use std::io;

use crate::boundary::classify::{Classifier, Role};
use crate::boundary::modules::ModuleGraph;
use crate::boundary::parallel;
use crate::boundary::scan::{Depth, scan_file};
use crate::boundary::survey::Read;
use crate::policy::UsedPath;
use crate::report::Location;
use crate::workspace::cargo::CargoModel;
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
        .filter(|file| matches!(classifier.owner(&file.path), Some((_, Role::Code))))
        .collect();
    let scanned = parallel::map(&sources, &|file| {
        let bytes = read(file)?;
        let sites = find::scan_file(&bytes);
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
