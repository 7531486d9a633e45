//! The suite of a workspace that declares none.

use std::ffi::OsStr;
use std::time::Duration;

use gate_base::process;
use gate_policy::{SuiteFormat, SuiteKind, SuitePolicy};
use gate_world::Workspace;

use super::workspace_copy;

/// Time limit of the default suite. Generous: it builds the workspace as well.
const TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// `cargo nextest run` where nextest is on `PATH`, else `cargo test`, with `--locked` where there is a lockfile.
///
/// What it covers: every member (`--workspace`), because the bare command at the root of a workspace with a root
/// package would silently leave the members out. Where the root manifest declares `workspace.default-members`,
/// the maintainers have said what plain `cargo test`
/// is to build, usually because the others need a device or another platform; then their selection holds.
///
/// nextest does not run doctests; a workspace that wants them as evidence declares a suite `cargo test --doc`.
/// Starts nothing.
pub fn default_suite(workspace: &Workspace) -> SuitePolicy {
    suite(
        workspace,
        process::locate(OsStr::new("cargo-nextest"), workspace.root()).is_some(),
    )
}

/// The same with `cargo test`, which runs doctests: for a workspace in which nextest finds no test.
pub(super) fn with_cargo_test(workspace: &Workspace) -> SuitePolicy {
    suite(workspace, false)
}

fn suite(workspace: &Workspace, nextest: bool) -> SuitePolicy {
    let mut command = vec!["cargo"];
    command.extend(if nextest { &["nextest", "run"][..] } else { &["test"] });
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
        format: if nextest {
            SuiteFormat::Nextest
        } else {
            SuiteFormat::Libtest
        },
        ..SuitePolicy::new(SuiteKind::Test, "workspace", command)
    }
}

fn declares_default_members(workspace: &Workspace) -> bool {
    workspace.manifests().first().is_some_and(|manifest| {
        let table = manifest.table.get("workspace").and_then(toml::Value::as_table);
        table.is_some_and(|table| table.contains_key("default-members"))
    })
}
