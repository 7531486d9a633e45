//! Which packages a change can affect: those whose files changed, and those that depend on them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gate_base::paths;
use gate_policy::Policy;
use gate_suites::reach::{Reach, reach};
use gate_world::Workspace;
use gate_world::cargo::Member;

/// What a change can affect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Affected {
    /// Nothing of the workspace changed.
    Nothing,
    /// These packages, sorted; the others neither changed nor depend on what did.
    Packages(Vec<String>),
    /// Every package, and why.
    Everything(String),
}

/// Files that decide about every package, wherever they lie: what is resolved, how it is built, how it is judged.
const SHARED: [&str; 9] = [
    "Cargo.lock",
    "Cargo.toml",
    "rust-toolchain",
    "rust-toolchain.toml",
    "clippy.toml",
    ".clippy.toml",
    "rustfmt.toml",
    ".rustfmt.toml",
    gate_policy::FILE_NAME,
];

/// What a change to these files can affect; paths are relative to the workspace root and may start with `../`.
///
/// A package depends on another where one of its manifest's dependencies has its name, of whatever kind, platform and
/// source. That is more than cargo resolves, never less.
pub fn affected(changed: &[String], workspace: &Workspace, policy: &Policy) -> Affected {
    let mut packages = BTreeSet::new();
    for path in changed {
        match owners(path, workspace, policy) {
            Ok(owners) => packages.extend(owners),
            Err(why) => return Affected::Everything(why),
        }
    }
    if packages.is_empty() {
        return Affected::Nothing;
    }
    let dependents = dependents(workspace);
    let mut open: Vec<&str> = packages.iter().copied().collect();
    while let Some(package) = open.pop() {
        for dependent in dependents.get(package).into_iter().flatten() {
            if packages.insert(dependent) {
                open.push(dependent);
            }
        }
    }
    if packages.len() == workspace.cargo().members.len() {
        return Affected::Everything("every package is affected".to_owned());
    }
    Affected::Packages(packages.into_iter().map(str::to_owned).collect())
}

/// The packages that a file belongs to; none where it has nothing to do with the workspace.
fn owners<'w>(path: &str, workspace: &'w Workspace, policy: &Policy) -> Result<Vec<&'w str>, String> {
    let everything = || Err(format!("`{path}` changed"));
    let name = path.rsplit('/').next().unwrap_or(path);
    let of_policy = policy.source.iter().flat_map(gate_policy::PolicySource::files);
    if of_policy.into_iter().any(|(file, _)| file == path) {
        return everything();
    }
    let members = &workspace.cargo().members;
    let sources_of: Vec<&str> = members
        .iter()
        .filter(|member| has_source_beside(member, path))
        .map(|member| member.name.as_str())
        .collect();
    if path.starts_with("../") {
        if !sources_of.is_empty() {
            return Ok(sources_of);
        }
        // What lies around the workspace counts only where its packages reach it, or cargo's configuration does.
        let configures = path.contains("/.cargo/") || SHARED[2..].contains(&name);
        return match reach(workspace) {
            Reach::Root if !configures => Ok(Vec::new()),
            _ => everything(),
        };
    }
    if SHARED.contains(&name) || path.starts_with(".cargo/") || path.contains("/.cargo/") {
        return everything();
    }
    let within = |directory: &str| directory.is_empty() || is_below(path, directory);
    let nearest = members
        .iter()
        .filter(|member| within(&member.directory))
        .max_by_key(|member| member.directory.len());
    match nearest {
        // What lies at the root is the whole workspace's, unless it is a source of the package there.
        Some(member) if !member.directory.is_empty() || is_source(member, path) => {
            let mut owners = sources_of;
            owners.push(&member.name);
            Ok(owners)
        }
        _ if !sources_of.is_empty() => Ok(sources_of),
        _ => Err(format!("`{path}` changed, which belongs to no package")),
    }
}

/// Whether a file lies where a target of the package at the root has its sources.
fn is_source(member: &Member, path: &str) -> bool {
    sources(member).any(|source| {
        let directory = paths::parent(&source);
        path == source || !directory.is_empty() && is_below(path, directory)
    })
}

/// Whether a file lies where a package has sources outside its own directory.
fn has_source_beside(member: &Member, path: &str) -> bool {
    let beside = |source: &String| !member.directory.is_empty() && !is_below(source, &member.directory);
    sources(member)
        .filter(beside)
        .any(|source| path == source || is_below(path, paths::parent(&source)))
}

/// The root sources of a package, without the `..` that manifests may have in them.
fn sources(member: &Member) -> impl Iterator<Item = String> {
    member.targets.iter().map(|target| paths::join("", &target.source))
}

fn is_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

/// The packages whose manifests name each member as a dependency.
fn dependents(workspace: &Workspace) -> BTreeMap<String, BTreeSet<&str>> {
    let mut dependents: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let manifests = workspace.manifests();
    for member in &workspace.cargo().members {
        let manifest = manifests
            .iter()
            .find(|manifest| Path::new(&manifest.path) == Path::new(&member.manifest));
        let Some(manifest) = manifest else { continue };
        for name in manifest.dependency_names(manifests.first().unwrap_or(manifest)) {
            dependents.entry(name).or_default().insert(member.name.as_str());
        }
    }
    dependents
}

#[cfg(test)]
mod tests;
