//! `supply.yanked`: no package of the lockfile was taken back by the people who published it.

use gate_base::stage::Stage;
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};
use gate_report::group::Group;
use gate_report::{Dimension, Finding, Location};
use gate_surveys::supply::PackageGraph;
use gate_surveys::supply::index::Listing;
use gate_world::cargo::lock::LockedPackage;

use super::advisories::{at_package, graph, used_by};

reads!(input::Lockfile, input::RegistryIndex);

/// The check.
pub static CHECK: Check = Check {
    id: "supply.yanked",
    summary: "No dependency was yanked",
    docs: include_str!("yanked.md"),
    dimension: Dimension::Integrity,
    group: Some(Group::Supply),
    blocks_at: Stage::Broad,
    since: "0.1.0",
    fixes: Fixes::Command,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

/// Packages that a finding lists by name.
const NAMED: usize = 5;

fn applies(context: &Context<'_>) -> Applies {
    if !context.lockfile().exists {
        return Applies::No("there is no Cargo.lock with versions".into());
    }
    let index = context.registry_index();
    // A lockfile that cannot be read looks as if it had no packages.
    if index.is_empty() && graph(context.lockfile()).is_ok() {
        return Applies::No("Cargo.lock has no package from a registry".into());
    }
    if index.knows_nothing() && !index.is_empty() {
        return Applies::No("cargo's copy of the registry index has no entry for any package of Cargo.lock".into());
    }
    Applies::Yes
}

fn run(context: &Context<'_>) -> Judgement {
    let graph = match graph(context.lockfile()) {
        Ok(graph) => graph,
        Err(reason) => return Judgement::NotRun(reason),
    };
    let index = context.registry_index();
    let mut findings = Vec::new();
    let mut unknown = Vec::new();
    let mut total = 0;
    for (at, package) in graph.packages().iter().enumerate() {
        let listing = index.listing(package);
        total += usize::from(listing.is_some());
        match listing {
            Some(Listing::Yanked) => findings.push(yanked(&graph, at, package)),
            Some(Listing::Unknown) => unknown.push(format!("`{} {}`", package.name, package.version)),
            Some(Listing::Listed) | None => {}
        }
    }
    if !unknown.is_empty() {
        let more = match unknown.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!(
            "cargo's copy of the registry index has no entry for {} of {total} packages: {}{more}",
            unknown.len(),
            unknown[..unknown.len().min(NAMED)].join(", ")
        );
        let finding = Finding::advice(message).at(Location::file("Cargo.lock"));
        findings.push(finding.help("cargo fetch --locked"));
    }
    Judgement::Findings(findings)
}

fn yanked(graph: &PackageGraph, at: usize, package: &LockedPackage) -> Finding {
    let registry = if package.is_published() {
        "crates.io"
    } else {
        "its registry"
    };
    let message = format!(
        "`{} {}` was yanked from {registry}; {}",
        package.name,
        package.version,
        used_by(&graph.way(at))
    );
    let spec = if graph.versions_of(&package.name) > 1 {
        format!("{}@{}", package.name, package.version)
    } else {
        package.name.clone()
    };
    at_package(
        Finding::blocking(CHECK.blocks_at, message).help(format!("cargo update -p {spec}")),
        package,
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::OnceLock;

    use super::*;
    use gate_contract::testing::World;

    const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

    /// A world whose cargo keeps these packages, each with whether it was yanked; all of them are locked, and one that
    /// cargo does not know.
    fn world(home: &Path, kept: &[(&str, bool)]) -> World {
        let mut lock = format!(
            "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"other\",\n]\n\n[[package]]\nname = \"other\"\n\
             version = \"1.0.0\"\nsource = \"{CRATES_IO}\"\nchecksum = \"00\"\n"
        );
        for (name, yanked) in kept {
            lock += &format!(
                "\n[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"{CRATES_IO}\"\nchecksum = \"{name}\"\n"
            );
            let below = format!(
                "registry/index/index.crates.io-1949cf8c6b5b557f/.cache/{}/{}",
                &name[..2],
                &name[2..4]
            );
            std::fs::create_dir_all(home.join(&below)).expect("a directory");
            let line = format!("{{\"name\":\"{name}\",\"vers\":\"1.0.0\",\"cksum\":\"{name}\",\"yanked\":{yanked}}}");
            let text = format!("\u{3}\u{2}\0\0\0rev\x001.0.0\0{line}\0");
            std::fs::write(home.join(below).join(name), text).expect("a file");
        }
        let mut world = World::new();
        world.workspace.lockfile.bytes = Some(lock.into_bytes());
        world.workspace.target_dir = home.join("target");
        let home = home.to_str().expect("a plain path").to_owned();
        world.workspace.options.environment = gate_world::environment::Environment::from_pairs([("CARGO_HOME", home)]);
        world
    }

    #[test]
    fn what_was_yanked_is_named_and_what_is_unknown_counted() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let world = world(home.path(), &[("alpha", false), ("beta", true)]);
        insta::assert_snapshot!(world.text(&CHECK), @"
        Cargo.lock:23: `beta 1.0.0` was yanked from crates.io; no workspace member uses it [broad]
          help: cargo update -p beta
        Cargo.lock: cargo's copy of the registry index has no entry for 1 of 3 packages: `other 1.0.0` [advice]
          help: cargo fetch --locked
        ");
    }

    #[test]
    fn nothing_is_said_of_what_cargo_does_not_keep() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let mut world = world(home.path(), &[]);
        insta::assert_snapshot!(world.text(&CHECK), @"not applicable: cargo's copy of the registry index has no entry for any package of Cargo.lock");
        let mut with = |lock: &str| {
            world.workspace.lockfile.bytes = Some(lock.into());
            world.workspace.registry_index = OnceLock::new();
            world.text(&CHECK)
        };
        insta::assert_snapshot!(with("version = 4\n"), @"not applicable: Cargo.lock has no package from a registry");
        insta::assert_snapshot!(with("<<<<<<<"), @"
        not run (lockfile_unreadable): cannot read Cargo.lock: line 1: key with no value, expected `=`
          help: cargo generate-lockfile
        ");
    }
}
