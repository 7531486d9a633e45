//! A stage is entered after the one before it: for the same content, policy, workspace and packages.

use gate_tests::gate;
use gate_tests::harness::{Gate, Run};

/// A workspace after its run of `pilot`.
fn piloted(arguments: &[&str]) -> Gate {
    let gate = gate!().fixture("good").git_init();
    ready(&gate, &[&["pilot"], arguments].concat());
    gate
}

fn ready(gate: &Gate, arguments: &[&str]) {
    let run = gate.run(arguments);
    assert_eq!(run.code, Some(0), "{run}");
}

/// What `stage.predecessor` says; the stage is refused.
fn refused(gate: &Gate, arguments: &[&str]) -> String {
    let run = gate.run([arguments, &["--message-format", "json", "--no-suites"]].concat());
    assert_eq!(run.code, Some(1), "{run}");
    messages(&run)
}

fn messages(run: &Run) -> String {
    let report = run.json();
    let checks = report["checks"].as_array().expect("a list of checks");
    let check = checks.iter().find(|check| check["id"] == "stage.predecessor");
    let findings = check.expect("the check")["findings"].as_array();
    let said = findings
        .into_iter()
        .flatten()
        .map(|finding| finding["message"].as_str().expect("a message"));
    said.collect::<Vec<_>>().join("\n")
}

#[test]
fn code_that_was_committed_after_the_previous_stage_is_not_covered_by_it() {
    let gate = piloted(&[]);
    ready(&gate, &["controlled"]);
    gate.append("logic/src/lib.rs", "\n/// Two.\npub fn two() -> u8 {\n    2\n}\n");
    gate.commit("Add a function");
    insta::assert_snapshot!(refused(&gate, &["broad"]), @"no READY controlled run judged this content");
}

#[test]
fn a_declared_number_of_commits_bounds_the_decision() {
    let gate = gate!().fixture("good");
    gate.replace(
        "gate.toml",
        "max-age = \"30d\"\n\n[stage.broad]",
        "predecessor-commits = 1\n\n[stage.broad]",
    );
    let gate = gate.git_init();
    ready(&gate, &["pilot"]);
    gate.append("logic/src/lib.rs", "\n/// Two.\npub fn two() -> u8 {\n    2\n}\n");
    // What is not committed cannot be listed.
    assert_eq!(
        refused(&gate, &["controlled"]),
        "no READY pilot run judged this content"
    );
    gate.commit("Add two");
    let run = gate.run(["controlled", "--message-format", "json"]);
    assert_eq!(run.code, Some(0), "{run}");
    let report = run.json();
    assert_eq!(report["decision"], "READY_WITH_BOUNDED_SCOPE");
    let bound = &report["bounds"][0];
    assert_eq!(bound["surface"], "1 commit that pilot did not judge");
    let reason = bound["reason"].as_str().expect("a reason");
    assert!(reason.ends_with(" Add two"), "{reason}");

    gate.append("logic/src/lib.rs", "\n/// Three.\npub fn three() -> u8 {\n    3\n}\n");
    gate.commit("Add three");
    assert_eq!(
        refused(&gate, &["controlled"]),
        "more than the allowed 1 commits followed the last READY pilot run"
    );
}

#[test]
fn a_weaker_policy_does_not_lead_to_the_next_stage() {
    let gate = gate!().fixture("good");
    let weaker = gate.read("gate.toml").replace("min-tests = 2\n", "");
    let gate = gate.file("weaker.toml", &weaker).git_init();
    ready(&gate, &["pilot", "--policy", "weaker.toml"]);
    insta::assert_snapshot!(
        refused(&gate, &["controlled"]),
        @"the READY pilot run xxxxxxxxxxxxxxxx-xxxxxx does not count: it judged by another policy"
    );
}

#[test]
fn a_run_of_one_package_does_not_count_for_all() {
    let gate = piloted(&["--package", "native"]);
    insta::assert_snapshot!(
        refused(&gate, &["controlled"]),
        @"the READY pilot run xxxxxxxxxxxxxxxx-xxxxxx does not count: it judged only native"
    );
    // For the same package it does.
    let run = gate.run([
        "controlled",
        "--package",
        "native",
        "--no-suites",
        "--message-format",
        "json",
    ]);
    assert_eq!(messages(&run), "");
}

#[test]
fn another_workspace_in_the_same_target_directory_does_not_count() {
    let gate = gate!();
    for directory in ["one", "two"] {
        let fixture = gate!().fixture("good");
        copy(fixture.workspace(), &gate.workspace().join(directory));
    }
    let gate = gate.git_init();
    let within = |directory: &str, stage: &str| {
        let mut command = gate.gate_command();
        command.current_dir(gate.workspace().join(directory));
        command.args([stage, "--target-dir", "../target", "--message-format", "json"]);
        gate.finish(&mut command)
    };
    let pilot = within("one", "pilot");
    assert_eq!(pilot.code, Some(0), "{pilot}");
    insta::assert_snapshot!(
        messages(&within("two", "controlled")),
        @"the READY pilot run xxxxxxxxxxxxxxxx-xxxxxx does not count: it judged the workspace one in one"
    );
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a file");
        }
    }
}

/// The run that shows it is not the last one: a clock that is set back again does not hide it.
#[test]
fn a_clock_that_was_set_back_is_noticed_as_long_as_any_run_is_later() {
    let gate = gate!().fixture("good").git_init();
    let later = "{\"run_id\":\"20990101T000000Z-000000\",\"started\":\"2099-01-01T00:00:00Z\",\"stage\":\"pilot\",\
                 \"decision\":\"NOT_READY\",\"content\":\"c\",\"commit\":null,\"dirty\":false,\"chain\":\"0\"}\n";
    gate.write("target/gate/history.jsonl", later);
    // What expires does so by the later time, so pilot fails; it is recorded as every run.
    assert_eq!(gate.run(["pilot"]).code, Some(1));
    insta::assert_snapshot!(
        refused(&gate, &["controlled"]),
        @"the system clock is behind the latest run, which started 0000-00-00T00:00:00Z"
    );
}
