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

/// CI services read nothing below the top of the repository, and one workflow gates every workspace of it.
#[test]
fn init_below_the_top_writes_one_workflow_where_it_is_read() {
    let package = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    let lock = |name: &str| format!("version = 4\n\n[[package]]\nname = \"{name}\"\nversion = \"0.1.0\"\n");
    let mut gate = gate!().file(".gitignore", "target\n");
    for name in ["backend", "frontend"] {
        gate = gate
            .file(&format!("{name}/Cargo.toml"), &package(name))
            .file(&format!("{name}/Cargo.lock"), &lock(name))
            .file(&format!("{name}/src/lib.rs"), "#[test]\nfn works() {}\n");
    }
    let gate = gate.git_init();
    let backend = gate.workspace().join("backend");
    let run = |arguments: &[&str]| gate.finish(gate.gate_command().args(arguments).current_dir(&backend));

    let first = run(&["init", "--ci", "github,gitlab"]);
    assert_eq!(first.code, Some(0), "{first}");
    assert_eq!(
        gate.git(["status", "--porcelain", "--untracked-files=all"]),
        "?? .github/workflows/gate.yml\n?? .gitlab/gate.yml\n?? backend/gate.toml\n"
    );
    assert_snapshot!("init-below-github", gate.read(".github/workflows/gate.yml"));
    assert_snapshot!("init-below-gitlab", gate.read(".gitlab/gate.yml"));

    // What was written is what the gate of that workspace asks for.
    gate.write(".gitlab-ci.yml", "include:\n  - local: .gitlab/gate.yml\n");
    gate.append(
        "backend/gate.toml",
        "\n[ci]\npinned-actions = true\nplatforms = [\"linux\", \"macos\", \"windows\"]\n",
    );
    gate.commit("Add a gate");
    let judged = run(&["pilot", "--message-format", "json"]);
    assert_eq!(judged.code, Some(0), "{judged}");
    let report = judged.json();
    for id in ["ci.gate-wired", "ci.locked", "ci.actions-pinned", "ci.matrix"] {
        let checks = report["checks"].as_array().expect("checks");
        let check = checks.iter().find(|check| check["id"] == id).expect(id);
        assert_eq!(check["outcome"], "pass", "{check:#}");
    }
}

/// Publishing is asked for, and benchmarks are compared where a policy declares how.
#[test]
fn init_neither_publishes_nor_measures_of_its_own_accord() {
    const FILES: [&str; 2] = [".github/workflows/gate.yml", ".gitlab/gate.yml"];
    let gate = stranger().file("benches/speed.rs", "fn main() {}\n");
    let first = gate.run(["init", "--ci", "github,gitlab"]);
    assert_eq!(first.code, Some(0), "{first}");
    assert!(gate.read(FILES[0]).contains("\n  merge_group:\n"));
    for file in FILES {
        let text = gate.read(file);
        for absent in ["cargo publish", "cargo gate broad", "cargo bench", "cargo gate suite"] {
            assert!(!text.contains(absent), "`{absent}` in {text}");
        }
        gate.remove(file);
    }

    gate.write(
        "gate.toml",
        "version = 1\n[stage.pilot]\nscope = \"one service\"\n[[suite.bench]]\nname = \"speed\"\ncommand = [\"cargo\", \"bench\", \"--locked\"]\n\
         reference-commit = \"origin/main\"\nstage = \"controlled\"\n",
    );
    let second = gate.run(["init", "--ci", "github,gitlab", "--publish"]);
    assert_eq!(second.code, Some(0), "{second}");
    for file in FILES {
        let text = gate.read(file);
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("no `{part}` in {text}"));
        let order = [
            "cargo gate pilot",
            "cargo bench",
            "cargo gate suite speed",
            "cargo build",
        ]
        .map(at);
        assert!(order.is_sorted(), "{order:?} in {text}");
        assert!(at("cargo gate broad") < at("cargo publish"));
    }
}
