//! The suite of a workspace that declares none.

use std::ffi::OsStr;
use std::time::Duration;

use gate_base::process;
use gate_policy::{SuiteFormat, SuiteKind, SuitePolicy};
use gate_world::Workspace;

use super::workspace_copy;

/// Where a workspace configures nextest.
const NEXTEST_CONFIGURATION: &str = ".config/nextest.toml";
/// Time limit of the default suite. Generous: it builds the workspace as well.
const TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// `cargo test`, with `--locked` where there is a lockfile; `cargo nextest run` where the workspace has a configuration of
/// nextest, and nextest is on `PATH`.
///
/// What is installed here does not choose the runner: nextest starts a process for each test, in which tests that were
/// never written for it can fail, and the maintainers' own CI would not.
///
/// What it covers: every member (`--workspace`), because the bare command at the root of a workspace with a root
/// package would silently leave the members out. Where the root manifest declares `workspace.default-members`,
/// the maintainers have said what plain `cargo test`
/// is to build, usually because the others need a device or another platform; then their selection holds.
///
/// nextest does not run doctests, so `doctests` follow.
/// Starts nothing.
pub fn default_suite(workspace: &Workspace) -> SuitePolicy {
    let chosen = workspace.files().get(NEXTEST_CONFIGURATION).is_some();
    let installed = || process::locate(OsStr::new("cargo-nextest"), workspace.root()).is_some();
    suite(workspace, chosen && installed())
}

/// The same with `cargo test`, which runs doctests: for a workspace in which nextest finds no test.
pub(super) fn with_cargo_test(workspace: &Workspace) -> SuitePolicy {
    suite(workspace, false)
}

/// `cargo test --doc` where a member has a library: what nextest leaves out. That there are none is no failure.
pub(super) fn doctests(workspace: &Workspace) -> Option<SuitePolicy> {
    let documented = |kind: &String| ["lib", "rlib", "proc-macro"].contains(&kind.as_str());
    let mut targets = workspace.cargo().members.iter().flat_map(|member| &member.targets);
    targets
        .any(|target| target.kind.iter().any(documented))
        .then(|| SuitePolicy {
            min_tests: 0,
            ..of_command(workspace, &["test", "--doc"], SuiteFormat::Libtest)
        })
}

fn suite(workspace: &Workspace, nextest: bool) -> SuitePolicy {
    if nextest {
        of_command(workspace, &["nextest", "run"], SuiteFormat::Nextest)
    } else {
        of_command(workspace, &["test"], SuiteFormat::Libtest)
    }
}

fn of_command(workspace: &Workspace, subcommand: &[&str], format: SuiteFormat) -> SuitePolicy {
    let mut command = vec!["cargo"];
    command.extend(subcommand);
    if !workspace_copy::needed(workspace) {
        command.push("--locked");
    }
    if !declares_default_members(workspace) {
        command.push("--workspace");
    }
    // One failure must not hide the others: the report names each failing test.
    command.push("--no-fail-fast");
    let command = command.into_iter().map(String::from).collect();
    SuitePolicy {
        timeout: TIMEOUT,
        min_tests: 1,
        whole: subcommand != ["test", "--doc"],
        format,
        ..SuitePolicy::new(SuiteKind::Test, "workspace", command)
    }
}

fn declares_default_members(workspace: &Workspace) -> bool {
    workspace.manifests().first().is_some_and(|manifest| {
        let table = manifest.table.get("workspace").and_then(toml::Value::as_table);
        table.is_some_and(|table| table.contains_key("default-members"))
    })
}
