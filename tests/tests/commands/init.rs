//! `init` in a workspace that has never heard of the tool, and the first gate after it.

use insta::assert_snapshot;

use gate_tests::gate;
use gate_tests::harness::Gate;

fn stranger() -> Gate {
    gate!()
        .file(
            "Cargo.toml",
            "[package]\nname = \"stranger\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
        )
        .file(
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"stranger\"\nversion = \"0.1.0\"\n",
        )
        .file(".gitignore", "/target\n")
        .file("src/lib.rs", "#[test]\nfn works() {}\n")
        .git_init()
}

#[test]
fn what_init_writes_is_ready_for_pilot() {
    let gate = stranger();
    assert_snapshot!("init-dry-run", gate.run(["init", "--dry-run"]));
    assert_eq!(gate.git(["status", "--porcelain"]), "", "a dry run writes nothing");

    assert_snapshot!("init", gate.run(["init"]));
    let written = gate.git(["status", "--porcelain", "--untracked-files=all"]);
    assert_snapshot!("init-written", written);
    gate.commit("Add a gate");
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert_snapshot!("init-then-pilot", run);

    // A second time nothing is lost.
    gate.append("gate.toml", "# Mine.\n");
    assert_snapshot!("init-again", gate.run(["init"]));
    assert!(gate.read("gate.toml").ends_with("# Mine.\n"));
    assert_snapshot!("init-dry-run-again", gate.run(["init", "--dry-run"]));
    assert!(gate.read("gate.toml").ends_with("# Mine.\n"));
    assert_snapshot!("init-force", gate.run(["init", "--force"]));
    assert!(!gate.read("gate.toml").contains("# Mine."));
}

#[test]
fn init_writes_the_workflows_that_are_asked_for() {
    let gate = stranger();
    assert_snapshot!("init-both", gate.run(["init", "--ci", "github,gitlab"]));
    let gate = stranger();
    assert_snapshot!("init-none", gate.run(["init", "--ci", "none"]));
    assert_eq!(
        gate.git(["status", "--porcelain", "--untracked-files=all"]),
        "?? gate.toml\n"
    );
}
