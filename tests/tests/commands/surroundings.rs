//! Where the workspace is, where the results go, and how the output looks.

use std::fs;

use insta::assert_snapshot;

use gate_tests::harness::Gate;

use super::{bad, good};

/// The bad workspace after a run: the next ones reuse the same evidence.
fn judged() -> Gate {
    let gate = bad();
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(1), "{run}");
    gate
}

#[test]
fn both_ways_to_call_it_say_the_same() {
    let gate = judged();
    let run = gate.run(["pilot"]);
    let bare = gate.finish(gate.bare_command().arg("pilot"));
    assert_eq!(run, bare);
}

#[test]
fn any_directory_of_the_workspace_will_do() {
    let gate = judged();
    let here = gate.run(["pilot"]);
    let below = gate.workspace().join("src");
    let from_below = gate.finish(gate.gate_command().current_dir(&below).arg("pilot"));
    assert_eq!(here, from_below);

    let elsewhere = gate.workspace().parent().expect("a parent").join("home");
    let manifest = gate.workspace().join("Cargo.toml");
    let mut command = gate.gate_command();
    command
        .current_dir(elsewhere)
        .arg("pilot")
        .arg("--manifest-path")
        .arg(manifest);
    assert_eq!(here, gate.finish(&mut command));
}

#[test]
fn a_wrong_manifest_path_is_a_usage_error() {
    let gate = bad();
    assert_snapshot!(
        "manifest-path-absent",
        gate.run(["pilot", "--manifest-path", "no/Cargo.toml"])
    );
    assert_snapshot!(
        "manifest-path-other",
        gate.run(["pilot", "--manifest-path", "src/lib.rs"])
    );
    assert_snapshot!("policy-absent", gate.run(["pilot", "--policy", "no.toml"]));
}

#[test]
fn results_go_to_the_target_directory() {
    let gate = bad();
    let run = gate.run(["pilot", "--target-dir", "build"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(gate.workspace().join("build/gate/history.jsonl").is_file());
    assert!(!gate.workspace().join("target").exists());

    let elsewhere = gate.workspace().parent().expect("a parent").join("elsewhere");
    let run = gate.finish(gate.gate_command().env("CARGO_TARGET_DIR", &elsewhere).arg("pilot"));
    assert_eq!(run.code, Some(1), "{run}");
    assert!(elsewhere.join("gate/history.jsonl").is_file());
    assert!(!gate.workspace().join("target").exists());
}

#[test]
fn the_claim_is_limited_to_packages() {
    let gate = good();
    assert_snapshot!("package", gate.run(["pilot", "-p", "native"]));
    assert_snapshot!("package-unknown", gate.run(["pilot", "-p", "natvie"]));
}

#[test]
fn locked_without_a_lockfile_blocks() {
    let gate = good();
    fs::remove_file(gate.workspace().join("Cargo.lock")).expect("a lockfile");
    gate.commit("Remove the lockfile");
    assert_snapshot!("locked", gate.run(["pilot", "--locked"]));
    assert!(!gate.workspace().join("Cargo.lock").exists(), "none is made");
}

#[test]
fn colour_is_shown_when_asked_for() {
    let gate = bad();
    let coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = gate.gate_command();
        command.arg("pilot").args(arguments).envs(variables.iter().copied());
        let run = gate.finish(&mut command);
        assert_eq!(run.code, Some(1), "{run}");
        run.stdout.contains("\u{1b}[")
    };
    assert!(!coloured(&[], &[]), "no terminal, no colour");
    assert!(coloured(&["--color", "always"], &[]));
    assert!(
        coloured(&["--color=always"], &[("NO_COLOR", "1")]),
        "the flag wins over the variable"
    );
    assert!(!coloured(&["--color=never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[], &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]));
    assert!(
        !coloured(&["--color=always", "--message-format=json"], &[]),
        "data is plain"
    );
    let wrong = gate.run(["pilot", "--color", "sometimes"]);
    assert_eq!(wrong.code, Some(2), "{wrong}");
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let gate = bad();
    let mut child = gate
        .gate_command()
        .args(["explain", "lockfile.tracked"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary can be started");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    let run = gate.ended(&output);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run}");
}
