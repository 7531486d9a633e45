//! What a stage and the suite over cargo-semver-checks say about stability.

use gate_tests::gate;
use gate_tests::harness::{Gate, Run};

const POLICY: &str = "version = 1\n[stage.pilot]\nscope = \"one\"\n[stage.controlled]\n[stage.broad]\n\n[stability]\nreference = \"v*\"\n\n\
    [[stability.surface]]\nclass = \"fluid\"\nitems = [\"demo::soft\"]\npaths = [\"docs/notes.md\"]\n\n\
    [[stability.surface]]\nclass = \"internal\"\nitems = [\"demo::inner\"]\n\n\
    [[stability.surface]]\nclass = \"stable\"\npaths = [\"docs/format.md\"]\n";

const SUITE: &str = "\n[[suite.tool]]\nname = \"semver\"\ntool = \"cargo-semver-checks\"\nstage = \"broad\"\n";

fn released() -> Gate {
    let gate = gate!()
        .file(
            "Cargo.toml",
            "[package]\nname = \"demo\"\nversion = \"1.2.0\"\nedition = \"2024\"\n",
        )
        .file(
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"demo\"\nversion = \"1.2.0\"\n",
        )
        .file(".gitignore", "/target\n/tools\n")
        .file("gate.toml", &format!("{POLICY}{SUITE}"))
        .file("src/lib.rs", "//! Demo.\n\npub fn f(x: u8) {}\n")
        .file("docs/notes.md", "Notes.\n")
        .file("docs/format.md", "The format.\n")
        .git_init();
    gate.git(["tag", "v1.2.0"]);
    gate
}

/// What `api.stability` says at broad.
fn documents(gate: &Gate) -> serde_json::Value {
    let run = gate.run(["broad", "--no-suites", "--message-format", "json"]);
    let report = run.json();
    let checks = report["checks"].as_array().cloned().unwrap_or_default();
    let check = checks.iter().find(|check| check["id"] == "api.stability").cloned();
    check.unwrap_or_else(|| panic!("{run}"))
}

#[test]
fn fluid_documents_move_and_stable_ones_do_not() {
    let gate = released();
    gate.write("docs/notes.md", "Other notes.\n");
    gate.write("docs/format.md", "The format.\r\n");
    gate.commit("Move what may move");
    assert_eq!(documents(&gate)["outcome"], "pass");

    gate.write("docs/format.md", "Another format.\n");
    gate.commit("Move what may not");
    let check = documents(&gate);
    assert_eq!(check["outcome"], "fail", "{check}");
    let message = &check["findings"][0]["message"];
    assert_eq!(message, "the stable document `docs/format.md` differs from v1.2.0");
    gate.remove("docs/format.md");
    gate.commit("Remove it");
    let message = &documents(&gate)["findings"][0]["message"];
    assert_eq!(message, "the stable document `docs/format.md` was removed since v1.2.0");
}

#[test]
fn stable_items_need_a_suite_that_compares_them() {
    let gate = released();
    gate.write("gate.toml", POLICY);
    gate.commit("Compare nothing");
    let check = documents(&gate);
    assert_eq!(check["outcome"], "fail", "{check}");
    assert_eq!(
        check["findings"][0]["message"],
        "no suite compares the public items with v1.2.0"
    );
    // What is called fluid needs none.
    gate.replace(
        "gate.toml",
        "reference = \"v*\"",
        "reference = \"v*\"\ndefault = \"fluid\"",
    );
    gate.commit("Promise nothing");
    assert_eq!(documents(&gate)["outcome"], "pass");
}

#[test]
fn what_was_released_must_be_known() {
    let gate = released();
    gate.git(["tag", "--delete", "v1.2.0"]);
    let check = documents(&gate);
    assert_eq!(check["outcome"], "inconclusive", "{check}");
    assert_eq!(check["reason"]["code"], "no_release", "{check}");
}

/// Runs the suite with a cargo-semver-checks that prints this report, with `{release}` for the directory to which it
/// unpacks the release, and fails for any other release. Without a report the tool is not installed.
#[cfg(unix)]
fn compared(gate: Gate, report: Option<&str>) -> (Gate, Run) {
    use std::os::unix::fs::PermissionsExt as _;
    let commit = gate.git(["rev-parse", "v1.2.0"]);
    let program = match report {
        None => "#!/bin/sh\nexit 1\n".to_owned(),
        Some(report) => format!(
            "#!/bin/sh\ncase \"$*\" in\n  *--version*) echo cargo-semver-checks 0.51.0;;\n  *\"--baseline-rev {}\"*) \
             cat <<EOF\n{}\nEOF\n    exit 100;;\n  *) exit 2;;\nesac\n",
            commit.trim(),
            report.replace("{release}", "$PWD/target/semver-checks/git-1/2"),
        ),
    };
    gate.write("tools/cargo-semver-checks", program);
    let tools = gate.workspace().join("tools");
    let program = tools.join("cargo-semver-checks");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("permissions");
    gate.commit("Compare the public items");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(tools).chain(std::env::split_paths(&path))).expect("a path");
    let gate = gate.env("PATH", path);
    let run = gate.run(["suite", "semver"]);
    (gate, run)
}

#[cfg(unix)]
#[test]
fn fluid_surfaces_move_and_stable_ones_do_not() {
    let report = |places: &str| {
        format!(
            "    Checking demo v1.2.0 -> v1.2.0 (no change; assume minor)\n     Checked [   0.012s] 245 checks: 244 pass, 1 fail\n\n\
             --- failure function_missing: pub fn removed or renamed ---\n\nFailed in:\n{places}\n     Summary semver requires \
             new major version: 1 major and 0 minor checks failed\n"
        )
    };
    let fluid = "  function demo::soft::f, previously in file {release}/src/lib.rs:4\n  function demo::inner::f, previously in \
                 file {release}/src/lib.rs:8";
    let (gate, run) = compared(released(), Some(&report(fluid)));
    assert_eq!(run.code, Some(0), "{run}");
    insta::assert_snapshot!("only_fluid_surfaces_moved", run);

    let stable = format!("{fluid}\n  function demo::f, previously in file {{release}}/src/hard.rs:1");
    let (gate, run) = compared(gate, Some(&report(&stable)));
    assert_eq!(run.code, Some(1), "{run}");
    insta::assert_snapshot!("stable_surfaces_moved", run);

    let (_, run) = compared(gate, None);
    assert_eq!(run.code, Some(3), "{run}");
    insta::assert_snapshot!("nothing_compares_them", run);
}
