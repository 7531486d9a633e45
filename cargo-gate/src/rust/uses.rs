//! What the code of a workspace asks of the system: files, processes, the network, threads, variables, foreign functions.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::Location;
use crate::rust::boundary::classify::{Role, belongs_to_a_product};
use crate::rust::boundary::modules::ModuleGraph;
use crate::rust::code::{Code, CodeScan};
use crate::rust::facts::{UseSite, UsedPath};
use crate::workspace::cargo::{CargoModel, Member};

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
pub fn survey(model: &CargoModel, code: &Code) -> Result<BTreeMap<UsedPath, Used>, (String, String)> {
    let members: BTreeMap<&str, &Member> = model
        .members
        .iter()
        .map(|member| (member.name.as_str(), member))
        .collect();
    let crates: BTreeSet<String> = model
        .dependencies
        .iter()
        .map(|dependency| &dependency.name)
        .chain(model.members.iter().map(|member| &member.name))
        .map(|name| name.replace('-', "_"))
        .collect();
    // A word that is no module of a library is a crate, if there is one.
    let known = |what: &str| model.dependencies.is_empty() || crates.contains(what);
    let counts = |site: &&UseSite| site.what.contains("::") || site.what == "extern" || known(&site.what);
    let mut found: BTreeMap<&str, &CodeScan> = BTreeMap::new();
    for file in code.files().iter().filter(|file| file.role == Role::Code) {
        let member = members.get(file.package.as_str());
        if member.is_some_and(|member| belongs_to_a_product(member, &file.path)) {
            let scan = file
                .scan
                .as_ref()
                .map_err(|reason| (file.path.clone(), reason.clone()))?;
            found.insert(&file.path, scan);
        }
    }
    let roots = model
        .members
        .iter()
        .flat_map(|member| &member.targets)
        .map(|target| target.source.as_str())
        .collect();
    let anywhere = found
        .iter()
        .filter(|(_, scan)| scan.mods.iter().any(|declaration| !declaration.paths.is_empty()))
        .map(|(path, _)| *path)
        .collect();
    let exists = |path: &str| found.contains_key(path);
    let mut mods = |path: &str| found.get(path).map(|scan| scan.mods.clone()).unwrap_or_default();
    let mut graph = ModuleGraph::new(&exists, roots, anywhere, &mut mods);
    let mut used: BTreeMap<UsedPath, Used> = BTreeMap::new();
    for (path, scan) in &found {
        let mut sites = scan.uses.iter().filter(counts).peekable();
        if sites.peek().is_none() || graph.is_test_only(path) {
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
