//! Tests that the workspace has and that nothing runs: what cargo's own manifests keep `cargo test` from building.

use std::collections::BTreeSet;

use gate_base::paths;
use gate_base::stage::Stage;
use gate_policy::SuitePolicy;
use gate_report::{Finding, Location};
use gate_rust::test_code;
use gate_world::Workspace;
use gate_world::cargo::{Member, Target};
use gate_world::manifest::Manifest;

use super::finding;
use super::libtest::binary_name;
use super::outcome::Tests;

/// What the runner said about the binaries that it started.
pub(super) struct Ran<'a> {
    /// Paths of the programs, as `cargo test` names them; none where it was quiet or another runner ran.
    pub(super) programs: &'a [String],
    /// The tests.
    pub(super) tests: &'a Tests,
}

/// Why the tests of a source do not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// Cargo would run its target, and did not.
    NotSelected,
    /// `test = false`
    Disabled,
    /// `harness = false`
    NoHarness,
    /// `doctest = false`, and it is the examples of its documentation that do not run.
    NoDoctests,
    /// It lies where cargo looks for targets, and belongs to none.
    NoTarget,
    /// Its package is part of the repository, but no member of the workspace.
    NoMember,
}

impl Cause {
    fn help(self, source: &str) -> String {
        match self {
            Cause::NotSelected => "`default-members` or `required-features` in Cargo.toml leave it out: run it by a `[[suite.test]]` in \
                                   gate.toml with the members and features that count"
                .into(),
            Cause::Disabled => "remove `test = false` from the target in Cargo.toml, or the tests from its sources".into(),
            Cause::NoHarness => {
                "remove `harness = false` from the target in Cargo.toml, or move the tests to a target that has libtest's harness".into()
            }
            Cause::NoDoctests => "remove `doctest = false` from `[lib]` in Cargo.toml, or mark the examples as `ignore`".into(),
            Cause::NoTarget => format!(
                "add a `[[test]]` with `path = \"{source}\"` to Cargo.toml, remove `autotests = false`, or delete the file"
            ),
            Cause::NoMember => "add the package to `members` of the workspace, or run its tests by a `[[suite.test]]` in gate.toml with \
                                `directory`"
                .into(),
        }
    }
}

/// Says which tests of the workspace did not run, one finding a cause. What a declared command selects is its owner's choice, so
/// this is for a suite that stands for the whole workspace.
pub(super) fn findings(suite: &SuitePolicy, ran: &Ran<'_>, workspace: &Workspace) -> Vec<Finding> {
    if !suite.whole || suite.partition.is_some() {
        return Vec::new();
    }
    let left_out = left_out(ran, workspace);
    let causes: BTreeSet<Cause> = left_out.iter().map(|(cause, _)| *cause).collect();
    let finding = |cause: Cause| {
        let mut sources = left_out.iter().filter(|(other, _)| *other == cause);
        let source = sources.next().map_or("", |(_, source)| source);
        let first = source.replace('`', "'");
        let tests = match cause {
            Cause::NoDoctests => "documentation tests",
            _ => "tests",
        };
        let message = match sources.count() {
            0 => format!("the {tests} of `{first}` were not run"),
            1 => format!("the {tests} of `{first}` and of 1 more target were not run"),
            more => format!("the {tests} of `{first}` and of {more} more targets were not run"),
        };
        Finding::advice(message)
            .at(Location::file(source))
            .help(cause.help(&first))
    };
    causes.into_iter().map(finding).collect()
}

/// Says what an alias of cargo leaves out: the command does not show its filter.
pub(super) fn by_alias(suite: &SuitePolicy, tests: &Tests, workspace: &Workspace) -> Option<Finding> {
    let mut words = suite.command.iter().filter(|word| !word.starts_with('+'));
    let name = words.next().filter(|program| *program == "cargo").and(words.next())?;
    workspace.config().get(&format!("alias.{name}"))?;
    let tests = match tests.filtered_out {
        0 => return None,
        1 => "1 test".to_owned(),
        more => format!("{more} tests"),
    };
    let mut found = finding(
        suite,
        format!("the alias `{name}` of cargo's configuration leaves out {tests}"),
    )
    .help("write the whole command in gate.toml, filter included");
    found.blocks_at = found.blocks_at.map(|stage| stage.max(Stage::Controlled));
    Some(found)
}

/// The root of each target whose tests do not run, and why.
fn left_out(ran: &Ran<'_>, workspace: &Workspace) -> BTreeSet<(Cause, String)> {
    let read = |path: &str| std::fs::read(workspace.root().join(path)).ok();
    let mut found = BTreeSet::new();
    let mut reached = BTreeSet::new();
    let mut programs: Vec<String> = ran
        .programs
        .iter()
        .map(|program| normal(&binary_name(program)))
        .collect();
    for member in &workspace.cargo().members {
        let manifest = workspace.manifests().iter().find(|known| known.path == member.manifest);
        for target in &member.targets {
            let name = normal(&target.name);
            let announced = programs.iter().position(|program| *program == name);
            let announced = announced
                .filter(|_| target.test)
                .map(|at| programs.swap_remove(at))
                .is_some();
            if !is_tested(target) {
                continue;
            }
            let files = test_code::files(&target.source, &read);
            let has_tests = files.values().any(|code| code.tests);
            let has_examples = files.values().any(|code| code.examples);
            reached.extend(files.into_keys());
            let declared = manifest.and_then(|manifest| declaration(manifest, member, target));
            let is_false = |key: &str| declared.and_then(|table| table.get(key)?.as_bool()) == Some(false);
            let needs_features = declared.is_some_and(|table| table.contains_key("required-features"));
            if is_false("doctest") && has_examples {
                found.insert((Cause::NoDoctests, target.source.clone()));
            }
            let cause = if !target.test {
                Cause::Disabled
            } else if is_false("harness") {
                Cause::NoHarness
            } else if ran.missed(member, target, announced, needs_features) {
                Cause::NotSelected
            } else {
                continue;
            };
            if has_tests {
                found.insert((cause, target.source.clone()));
            }
        }
    }
    for path in without_target(workspace) {
        if !reached.contains(path) && read(path).is_some_and(|text| test_code::declares_test(&text)) {
            found.insert((Cause::NoTarget, path.to_owned()));
        }
    }
    for root in beside(workspace) {
        if test_code::files(&root, &read).into_values().any(|code| code.tests) {
            found.insert((Cause::NoMember, root));
        }
    }
    found
}

impl Ran<'_> {
    /// Whether the target should have run, and did not.
    fn missed(&self, member: &Member, target: &Target, announced: bool, needs_features: bool) -> bool {
        if !self.programs.is_empty() {
            return !announced;
        }
        // nextest names tests, not binaries: one whose tests are all left out by conditions has none.
        let id = nextest_id(member, target);
        let by_nextest = self.tests.tests.iter().any(|test| !test.binary.is_empty()) && self.tests.filtered.is_none();
        by_nextest && needs_features && !self.tests.tests.iter().any(|test| test.binary == id)
    }
}

/// The name that nextest gives a binary. Source: <https://nexte.st/docs/glossary/#binary-id>.
fn nextest_id(member: &Member, target: &Target) -> String {
    let (package, name) = (&member.name, &target.name);
    let kinds = ["test", "bin", "example", "bench", "proc-macro"];
    match kinds.into_iter().find(|kind| is(target, kind)) {
        Some("test") => format!("{package}::{name}"),
        Some(kind) => format!("{package}::{kind}/{name}"),
        None => package.clone(),
    }
}

/// Whether `cargo test` runs targets of its kind unless the manifest says otherwise: examples and benchmarks it only builds.
fn is_tested(target: &Target) -> bool {
    let built = ["example", "bench", "custom-build"];
    target.test || !built.into_iter().any(|kind| is(target, kind))
}

fn is(target: &Target, kind: &str) -> bool {
    target.kind.iter().any(|known| known == kind)
}

fn normal(name: &str) -> String {
    name.replace('-', "_")
}

/// What a manifest says about a target.
fn declaration<'m>(manifest: &'m Manifest, member: &Member, target: &Target) -> Option<&'m toml::Table> {
    let kinds = ["test", "bin", "example", "bench"];
    let table = match kinds.into_iter().find(|kind| is(target, kind)) {
        None => return manifest.table.get("lib")?.as_table(),
        Some(kind) => manifest.table.get(kind)?.as_array()?,
    };
    let text = |table: &toml::Table, key: &str| table.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    table
        .iter()
        .filter_map(toml::Value::as_table)
        .find(|table| match text(table, "name") {
            Some(name) => name == target.name,
            None => text(table, "path").is_some_and(|path| paths::join(&member.directory, &path) == target.source),
        })
}

/// Files of members that cargo takes for tests unless it is told otherwise: `tests/name.rs` and `tests/name/main.rs`.
fn without_target(workspace: &Workspace) -> impl Iterator<Item = &str> {
    let members: Vec<&str> = workspace
        .cargo()
        .members
        .iter()
        .map(|member| member.directory.as_str())
        .collect();
    let is_test = move |path: &&str| {
        members.iter().any(|directory| {
            let below = match *directory {
                "" => Some(*path),
                directory => path.strip_prefix(directory).and_then(|below| below.strip_prefix('/')),
            };
            let name = below.and_then(|below| below.strip_prefix("tests/")?.strip_suffix(".rs"));
            name.is_some_and(|name| match name.split_once('/') {
                Some((_, file)) => file == "main",
                None => true,
            })
        })
    };
    workspace.files().iter().map(|file| file.path.as_str()).filter(is_test)
}

/// Roots of the libraries of the workspace's repository that it builds and that are no members.
fn beside(workspace: &Workspace) -> Vec<String> {
    let dependencies = workspace.cargo().dependencies.iter();
    let local = dependencies.filter(|dependency| dependency.source.is_none());
    let roots = local.filter_map(|dependency| {
        let below = dependency.manifest.strip_prefix(workspace.root()).ok()?;
        let manifest = paths::spell(below);
        let listed = workspace.files().get(&manifest)?;
        let directory = paths::parent(&listed.path);
        let text = std::fs::read_to_string(&dependency.manifest).ok()?;
        let table: toml::Table = toml::from_str(&text).ok()?;
        let library = table.get("lib").and_then(|library| library.get("path")?.as_str());
        Some(paths::join(directory, library.unwrap_or("src/lib.rs")))
    });
    roots.collect()
}
