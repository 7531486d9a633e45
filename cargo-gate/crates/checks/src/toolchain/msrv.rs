//! `toolchain.msrv`: the oldest supported Rust is declared, and the declarations do not contradict each other.

use std::collections::BTreeMap;

use semver::Version;

use gate_base::stage::Stage;
use gate_report::{Change, Dimension, Finding, Location, Remedy};
use gate_world::cargo::Member;
use gate_world::manifest::Manifest;

use super::channel::Channel;
use crate::lockfile::dependencies::{Kind, entries};
use gate_contract::{Check, Fixes, Judgement, OtherStage, Rule, input, reads};

reads!(input::Cargo, input::Manifests, input::ToolchainFile);

const DEPENDENCY: OtherStage = OtherStage {
    from: Stage::Controlled,
    what: "a dependency that needs a later Rust than the package declares",
};
const UNDECLARED: OtherStage = OtherStage {
    from: Stage::Broad,
    what: "no `rust-version`",
};

/// The check.
pub static CHECK: Check = Check {
    id: "toolchain.msrv",
    summary: "`rust-version` is declared and consistent across members",
    docs: include_str!("msrv.md"),
    dimension: Dimension::Platform,
    blocks_at: Stage::Pilot,
    other_stages: &[DEPENDENCY, UNDECLARED],
    since: "0.1.0",
    version: 2,
    fixes: Fixes::Applied("sets `rust-version` to what dependencies within the workspace need, or inherits it"),
    rule: &Rule::<Declaration>::always(run),
    ..Check::USUAL
};

/// How many members a message names.
const NAMED: usize = 5;

fn run(context: &Context<'_>) -> Judgement {
    let members = &context.cargo().members;
    let manifests = context.manifests();
    let mut findings = Vec::new();
    findings.extend(newer_than_pin(context, members, manifests));
    findings.extend(broken_promises(members, manifests));
    findings.extend(undeclared(context, members, manifests));
    Judgement::Findings(findings)
}

fn newer_than_pin(context: &Context<'_>, members: &[Member], manifests: &[Manifest]) -> Vec<Finding> {
    let pinned = context.toolchain_file().filter(|file| !file.outside).and_then(|file| {
        let text = file.channel.as_deref()?;
        match Channel::parse(text) {
            Channel::Release(version) => Some((version, file)),
            _ => None,
        }
    });
    let Some((pinned, file)) = pinned else {
        return Vec::new();
    };
    // As cargo does, a beta of a release counts as that release.
    let pinned = Version::new(pinned.major, pinned.minor, pinned.patch);
    let too_new = |member: &&Member| member.rust_version.as_ref().is_some_and(|needed| *needed > pinned);
    let finding = |member: &Member| {
        let needed = short(member.rust_version.as_ref().unwrap_or(&pinned));
        let message = format!(
            "`{}` needs Rust {needed}, but `{}` pins {pinned}",
            member.name, file.path
        );
        Finding::blocking(CHECK.blocks_at, message)
            .help(format!(
                "pin {needed} or later in `{}`, or lower `rust-version`",
                file.path
            ))
            .at(declared_at(member, manifests))
            .at(Location::line(&file.path, file.line.max(1)))
            .package(&member.name)
    };
    members.iter().filter(too_new).map(finding).collect()
}

/// Members that declare an older Rust than a member they cannot do without.
fn broken_promises(members: &[Member], manifests: &[Manifest]) -> Vec<Finding> {
    let by_name: BTreeMap<&str, &Member> = members.iter().map(|member| (member.name.as_str(), member)).collect();
    // Names under which the workspace shares its own members.
    let shared: BTreeMap<&str, &str> = manifests
        .first()
        .map(|root| entries(root, true))
        .unwrap_or_default()
        .into_iter()
        .filter(|entry| entry.kind == Kind::Workspace && entry.text("path").is_some())
        .map(|entry| (entry.name, entry.package()))
        .collect();
    let mut findings = Vec::new();
    for member in members {
        let (Some(promised), Some(manifest)) = (&member.rust_version, manifest_of(member, manifests)) else {
            continue;
        };
        // By package, with the place of the dependency: one edit has to satisfy all of them.
        let mut broken: BTreeMap<&str, (&Version, Location)> = BTreeMap::new();
        for entry in entries(manifest, false) {
            let always = matches!(entry.kind, Kind::Normal | Kind::Build) && !entry.target && !entry.flag("optional");
            if !always {
                continue;
            }
            let package = if entry.text("path").is_some() {
                entry.package()
            } else if entry.flag("workspace") {
                match shared.get(entry.name) {
                    Some(package) => package,
                    None => continue,
                }
            } else {
                continue;
            };
            let Some(needed) = by_name.get(package).and_then(|other| other.rust_version.as_ref()) else {
                continue;
            };
            if needed > promised {
                let keys: Vec<&str> = entry.keys.iter().map(String::as_str).collect();
                broken
                    .entry(package)
                    .or_insert_with(|| (needed, manifest.nearest(&keys)));
            }
        }
        let Some((package, (needed, place))) = broken.iter().max_by_key(|(_, (needed, _))| *needed) else {
            continue;
        };
        let (promised, needed) = (short(promised), short(needed));
        let others = match broken.len() - 1 {
            0 => String::new(),
            1 => "; 1 other dependency needs more than it declares, too".to_owned(),
            more => format!("; {more} other dependencies need more than it declares, too"),
        };
        let message = format!(
            "`{}` declares Rust {promised}, but depends on `{package}`, which needs {needed}{others}",
            member.name
        );
        let declared = declared_at(member, manifests);
        let inherited = if declared.path == member.manifest {
            ""
        } else {
            " instead of `rust-version.workspace = true`"
        };
        let help = format!("set `rust-version = \"{needed}\"`{inherited} in `{}`", member.manifest);
        // `rust-version.workspace = true` is a table, which another value cannot stand for.
        let keys = ["package", "rust-version"];
        let own = manifest.value(&keys).is_some_and(toml::Value::is_str);
        let remedy = own.then(|| {
            let change = Change::set(&member.manifest, &keys, format!("\"{needed}\""));
            Remedy::new(format!("set `rust-version = \"{needed}\"`"), [change])
        });
        findings.push(
            Finding::blocking(DEPENDENCY.from, message)
                .help(help)
                .remedy(remedy)
                .at(declared)
                .at(place.clone())
                .package(&member.name),
        );
    }
    findings
}

fn undeclared(context: &Context<'_>, members: &[Member], manifests: &[Manifest]) -> Option<Finding> {
    let root = manifests.first()?;
    if members.iter().all(|member| member.rust_version.is_none()) {
        let pinned = context
            .toolchain_file()
            .filter(|file| !file.outside)
            .and_then(|file| file.channel.as_deref());
        if pinned.is_some_and(|text| Channel::parse(text).is_exact())
            && members.iter().all(|member| !is_published(member))
        {
            return None;
        }
        let (message, help, keys) = match members {
            [] => return None,
            [only] => (
                format!("`{}` declares no `rust-version`", only.name),
                "add `rust-version = \"<oldest supported Rust>\"` under `[package]`",
                ["package"],
            ),
            many => (
                format!("none of the {} members declares a `rust-version`", many.len()),
                "add `rust-version = \"<oldest supported Rust>\"` under `[workspace.package]` and \
                 `rust-version.workspace = true` to each member",
                ["workspace"],
            ),
        };
        return Some(
            Finding::blocking(UNDECLARED.from, message)
                .help(help)
                .at(root.nearest(&keys)),
        );
    }
    let missing: Vec<&Member> = members
        .iter()
        .filter(|member| is_published(member) && member.rust_version.is_none())
        .collect();
    if missing.is_empty() {
        return None;
    }
    let published = members.iter().filter(|member| is_published(member)).count();
    let names: Vec<String> = missing
        .iter()
        .take(NAMED)
        .map(|member| format!("`{}`", member.name))
        .collect();
    let more = match missing.len().saturating_sub(NAMED) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    let verb = if missing.len() == 1 { "declares" } else { "declare" };
    let message = format!(
        "{} of {published} publishable members {verb} no `rust-version`: {}{more}",
        missing.len(),
        names.join(", ")
    );
    let help = match root.value(&["workspace", "package", "rust-version"]) {
        Some(_) => "add `rust-version.workspace = true` under `[package]`",
        None => "add `rust-version = \"<oldest supported Rust>\"` under `[package]`",
    };
    let shared = root.value(&["workspace", "package", "rust-version"]).is_some();
    let inherit = |member: &&Member| {
        let keys = ["package", "rust-version"];
        Change::set(&member.manifest, &keys, "{ workspace = true }")
    };
    let remedy = shared.then(|| Remedy::new("inherit `rust-version` from the workspace", missing.iter().map(inherit)));
    let finding = Finding::advice(message).help(help).remedy(remedy);
    Some(missing.iter().fold(finding, |finding, member| {
        finding.at(match manifest_of(member, manifests) {
            Some(manifest) => manifest.nearest(&["package"]),
            None => Location::file(&member.manifest),
        })
    }))
}

/// Whether others may depend on it from a registry.
fn is_published(member: &Member) -> bool {
    member.publish && member.publishable
}

fn manifest_of<'a>(member: &Member, manifests: &'a [Manifest]) -> Option<&'a Manifest> {
    manifests.iter().find(|manifest| manifest.path == member.manifest)
}

/// Where a member's `rust-version` is written: in its manifest, or in the root's `[workspace.package]`.
fn declared_at(member: &Member, manifests: &[Manifest]) -> Location {
    let Some(manifest) = manifest_of(member, manifests) else {
        return Location::file(&member.manifest);
    };
    let own = manifest
        .table
        .get("package")
        .and_then(|package| package.get("rust-version"));
    match (own, manifests.first()) {
        (Some(toml::Value::Table(_)), Some(root)) => root.nearest(&["workspace", "package", "rust-version"]),
        _ => manifest.nearest(&["package", "rust-version"]),
    }
}

/// A version as it is declared: without a patch number of zero.
fn short(version: &Version) -> String {
    match version.patch {
        0 => format!("{}.{}", version.major, version.minor),
        _ => version.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::{World, member, toolchain_file};

    #[test]
    fn declared_nowhere() {
        let mut world = World::new();
        world.workspace.cargo.members = vec![member("app", "", None)];
        insta::assert_snapshot!(world.text(&CHECK), @r#"
        Cargo.toml:1: `app` declares no `rust-version` [broad]
          help: add `rust-version = "<oldest supported Rust>"` under `[package]`
        "#);
        world.workspace.cargo.members.push(member("b", "b", None));
        world.manifests(&[("Cargo.toml", "[workspace]\nmembers = [\"b\"]\n")]);
        insta::assert_snapshot!(world.text(&CHECK), @r#"
        Cargo.toml:1: none of the 2 members declares a `rust-version` [broad]
          help: add `rust-version = "<oldest supported Rust>"` under `[workspace.package]` and `rust-version.workspace = true` to each member
        "#);
    }

    #[test]
    fn published_members_without_one() {
        let mut world = World::new();
        let mut internal = member("xtask", "xtask", None);
        internal.publish = false;
        world.workspace.cargo.members = vec![member("app", "", Some("1.80")), internal];
        assert_eq!(world.text(&CHECK), "");
        world.workspace.cargo.members.push(member("z", "z", None));
        insta::assert_snapshot!(world.text(&CHECK), @r#"
        z/Cargo.toml: 1 of 2 publishable members declares no `rust-version`: `z` [advice]
          help: add `rust-version = "<oldest supported Rust>"` under `[package]`
        "#);
    }

    #[test]
    fn a_pinned_workspace_that_publishes_nothing_needs_none() {
        let mut world = World::new();
        let mut internal = member("app", "", None);
        internal.publish = false;
        world.workspace.cargo.members = vec![internal];
        world.workspace.toolchain.file = Some(toolchain_file("nightly-2026-01-01"));
        assert_eq!(world.text(&CHECK), "");
        world.workspace.toolchain.file = Some(toolchain_file("nightly"));
        assert_ne!(world.text(&CHECK), "");
    }

    #[test]
    fn newer_than_the_pinned_release() {
        let mut world = World::new();
        world.workspace.cargo.members = vec![member("app", "", Some("1.96"))];
        world.workspace.toolchain.file = Some(toolchain_file("1.95.0"));
        world.manifests(&[("Cargo.toml", "[package]\nname = \"app\"\nrust-version = \"1.96\"\n")]);
        insta::assert_snapshot!(world.text(&CHECK), @"
        Cargo.toml:3: `app` needs Rust 1.96, but `rust-toolchain.toml` pins 1.95.0 [pilot]
          also: rust-toolchain.toml:2
          help: pin 1.96 or later in `rust-toolchain.toml`, or lower `rust-version`
          package: app
        ");
        world.workspace.toolchain.file = Some(toolchain_file("stable"));
        assert_eq!(world.text(&CHECK), "");
    }

    #[test]
    fn a_promise_that_a_dependency_breaks() {
        let mut world = World::new();
        world.workspace.cargo.members = vec![
            member("app", "", Some("1.70")),
            member("core", "core", Some("1.80")),
            member("extra", "extra", Some("1.80")),
        ];
        let root = |line: &str| {
            format!(
                "[package]\nname = \"app\"\nrust-version.workspace = true\n[workspace.package]\nrust-version = \"1.70\"\n[workspace.dependencies]\nkern = {{ path = \"core\", package = \"core\" }}\n{line}\n"
            )
        };
        world.manifests(&[("Cargo.toml", &root("[dependencies]\nkern.workspace = true"))]);
        insta::assert_snapshot!(world.text(&CHECK), @r#"
        Cargo.toml:5: `app` declares Rust 1.70, but depends on `core`, which needs 1.80 [controlled]
          also: Cargo.toml:9
          help: set `rust-version = "1.80"` in `Cargo.toml`
          package: app
        "#);
        // What is not always built does not break the promise.
        for line in [
            "[dependencies]\nextra = { path = \"extra\", optional = true }",
            "[dev-dependencies]\nextra = { path = \"extra\" }",
            "[target.'cfg(windows)'.dependencies]\nextra = { path = \"extra\" }",
            "[dependencies]\ncore = \"1\"",
        ] {
            world.manifests(&[("Cargo.toml", &root(line))]);
            assert_eq!(world.text(&CHECK), "", "{line}");
        }
    }
}
