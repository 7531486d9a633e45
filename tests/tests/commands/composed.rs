//! Policies that share one, several workspaces in a repository, and runs about a part of one.

use std::process::Command;

use gate_tests::gate;
use gate_tests::harness::{Gate, Run};
use insta::assert_snapshot;
use serde_json::Value;

const LIBRARY: &str = "//! A library.\n\n/// One.\npub fn one() -> u8 {\n    1\n}\n\n#[test]\nfn one_is_one() {\n    assert_eq!(one(), 1);\n}\n";

fn manifest(name: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\nlicense = \"MIT\"\npublish = false\n"
    )
}

fn lock(name: &str) -> String {
    format!("version = 4\n\n[[package]]\nname = \"{name}\"\nversion = \"0.1.0\"\n")
}

/// A package with its own lockfile in this directory.
fn package(gate: Gate, directory: &str, name: &str) -> Gate {
    gate.file(&format!("{directory}/Cargo.toml"), &manifest(name))
        .file(&format!("{directory}/Cargo.lock"), &lock(name))
        .file(&format!("{directory}/src/lib.rs"), LIBRARY)
}

fn run_in(gate: &Gate, directory: &str, arguments: &[&str]) -> Run {
    let mut command: Command = gate.gate_command();
    command.current_dir(gate.workspace().join(directory)).args(arguments);
    gate.finish(&mut command)
}

/// The digest of the policy in `svc`, which a report for snapshots hides.
fn policy_digest(gate: &Gate) -> Value {
    let mut command: Command = gate.gate_command();
    command
        .current_dir(gate.workspace().join("svc"))
        .env_remove("CARGO_GATE_REDACT")
        .args(["controlled", "--no-suites", "--message-format", "json"]);
    gate.finish(&mut command).json()["subject"]["policy_sha256"].clone()
}

fn check<'r>(report: &'r Value, id: &str) -> &'r Value {
    let checks = report["checks"].as_array().expect("checks");
    checks
        .iter()
        .find(|check| check["id"] == id)
        .expect("the check is there")
}

fn messages(report: &Value, id: &str) -> String {
    let findings = check(report, id)["findings"].as_array().expect("findings");
    let messages: Vec<&str> = findings
        .iter()
        .filter_map(|finding| finding["message"].as_str())
        .collect();
    messages.join("\n")
}

const OWN: &str =
    "version = 1\nextends = \"../gate.base.toml\"\n\n[stage.controlled]\nstrict = false\nreason = \"a test\"\n";
const BASE: &str = "version = 1\n\n[stage.pilot]\nscope = \"every service\"\n\n[boundary]\nsafety-comments = true\n\n[[suite.test]]\nname = \"all\"\n\
                    command = [\"cargo\", \"test\", \"--locked\"]\n";

/// A repository with a workspace whose policy adds to one above it.
fn shared() -> Gate {
    package(gate!(), "svc", "svc")
        .file("svc/gate.toml", OWN)
        .file("gate.base.toml", BASE)
        .file(".gitignore", "target\n")
        .git_init()
}

#[test]
fn a_changed_base_is_another_policy() {
    let gate = shared();
    let pilot = run_in(&gate, "svc", &["pilot", "--message-format", "json"]);
    assert_eq!(pilot.code, Some(0), "{pilot}");
    let digest = policy_digest(&gate);
    let controlled =
        |gate: &Gate| run_in(gate, "svc", &["controlled", "--no-suites", "--message-format", "json"]).json();
    let before = controlled(&gate);
    assert_eq!(check(&before, "stage.predecessor")["outcome"], "pass", "{before:#}");
    assert_eq!(check(&before, "git.clean")["outcome"], "pass");
    assert_eq!(before["subject"]["dirty"], false);

    gate.replace("gate.base.toml", "safety-comments = true", "safety-comments = false");
    let weakened = controlled(&gate);
    assert_ne!(policy_digest(&gate), digest);
    assert_eq!(weakened["subject"]["dirty"], true);
    assert_snapshot!(messages(&weakened, "git.clean"), @"`../gate.base.toml`, which the policy extends, differs from the commit");
    assert_snapshot!(messages(&weakened, "stage.predecessor"), @"the READY pilot run xxxxxxxxxxxxxxxx-xxxxxx does not count: it judged by another policy");

    // Committed, it is still another policy than the one that the run was judged by.
    gate.commit("Ask for less");
    let weakened = controlled(&gate);
    assert_eq!(check(&weakened, "git.clean")["outcome"], "pass");
    assert_snapshot!(messages(&weakened, "stage.predecessor"), @"the READY pilot run xxxxxxxxxxxxxxxx-xxxxxx does not count: it judged by another policy");

    gate.git(["rm", "--quiet", "--cached", "gate.base.toml"]);
    gate.git(["commit", "--quiet", "--message", "Forget it"]);
    assert_snapshot!(messages(&controlled(&gate), "git.clean"), @"`../gate.base.toml`, which the policy extends, is not tracked by git");
}

#[test]
fn findings_and_errors_name_the_file_that_declares() {
    let gate = shared();
    gate.append("gate.base.toml", "timeout = \"1000h\"\n");
    assert_snapshot!(run_in(&gate, "svc", &["pilot"]).to_string(), @r#"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error[policy::out-of-range]: `timeout` is 1000h, longer than the limit of 24h
      --> ../gate.base.toml:12:11
       |
    12 | timeout = "1000h"
       |           ^^^^^^^
       |
       = help: write a duration from "1s" to "24h"

    ../gate.base.toml: 1 error
    "#);
    gate.replace("gate.base.toml", "timeout = \"1000h\"\n", "timeout = \"5s\"\n");
    let report = run_in(&gate, "svc", &["pilot", "--no-suites", "--message-format", "json"]).json();
    let sanity = &check(&report, "config.sanity")["findings"][0];
    assert_eq!(
        (sanity["policy"]["path"].as_str(), sanity["policy"]["line"].as_u64()),
        (Some("../gate.base.toml"), Some(12))
    );
    let sarif = run_in(&gate, "svc", &["pilot", "--no-suites", "--message-format", "sarif"]);
    assert!(sarif.stdout.contains("\"uri\": \"gate.base.toml\""), "{sarif}");
}

/// A repository without a manifest at its top: one workspace passes, one does not, and one is left out of another.
fn several() -> Gate {
    let gate = package(package(package(gate!(), "a", "a"), "b", "b"), "b/fuzz", "fuzz");
    gate.file("b/Cargo.toml", &(manifest("b") + "[workspace]\nexclude = [\"fuzz\"]\n"))
        .file(
            "b/src/lib.rs",
            &LIBRARY.replace("assert_eq!(one(), 1)", "assert_eq!(one(), 2)"),
        )
        .file(".gitignore", "target\n")
        .git_init()
}

#[test]
fn all_workspaces_have_one_verdict_and_a_report_each() {
    let gate = several();
    let run = gate.run([
        "pilot",
        "--all-workspaces",
        "--message-format",
        "json",
        "--report",
        "junit=all.xml",
        "--report",
        "sarif=all.sarif",
        "--report",
        "gitlab=all.json",
        "--report",
        "markdown=all.md",
    ]);
    assert_eq!(run.code, Some(1), "{run}");
    let all = run.json();
    assert_eq!(
        (all["decision"].as_str(), all["exit_code"].as_i64()),
        (Some("NOT_READY"), Some(1))
    );
    let each: Vec<(&str, &str)> = all["workspaces"]
        .as_array()
        .expect("workspaces")
        .iter()
        .map(|one| {
            (
                one["directory"].as_str().unwrap(),
                one["report"]["decision"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(each, [("a", "READY"), ("b", "NOT_READY"), ("b/fuzz", "READY")]);
    for directory in ["a", "b", "b/fuzz"] {
        assert!(
            gate.workspace()
                .join(directory)
                .join("target/gate/runs/latest/report.json")
                .is_file(),
            "{directory}"
        );
        let verified = run_in(&gate, directory, &["verify"]);
        assert_eq!(verified.code, Some(0), "{verified}");
    }
    let sarif: Value = serde_json::from_str(&gate.read("all.sarif")).expect("JSON");
    assert_eq!(sarif["runs"].as_array().map(Vec::len), Some(3));
    assert!(
        gate.read("all.sarif").contains("\"uri\": \"b/src/lib.rs\"")
            || gate.read("all.sarif").contains("\"uri\": \"b/Cargo.toml\"")
    );
    let junit = gate.read("all.xml");
    assert_eq!(
        (junit.matches("<testsuites").count(), junit.contains("name=\"b/fuzz: ")),
        (1, true)
    );
    assert!(gate.read("all.json").trim_start().starts_with('['));
    assert!(gate.read("all.md").contains("# `b/fuzz`"));

    let github = gate.run(["pilot", "--all-workspaces", "--no-suites", "--message-format", "github"]);
    assert!(github.stdout.lines().all(|line| line.starts_with("::")), "{github}");
    let human = gate.run(["pilot", "--all-workspaces"]);
    let shared = "no evidence of ergonomics and governance";
    assert_eq!(human.stdout.matches(shared).count(), 1, "{human}");
    assert!(human.stdout.contains(" as in `a` ("), "{human}");
    let human = gate.run(["pilot", "--all-workspaces", "--quiet"]);
    assert_eq!(human.code, Some(1), "{human}");
    let table: Vec<&str> = human.stdout.trim_end().rsplit("\n\n").take(1).collect();
    assert_snapshot!(table.join("\n"), @"
    a       READY
    b       NOT_READY
    b/fuzz  READY
    pilot: NOT_READY (2 of 3 workspaces ready)
    ");
}

#[test]
fn a_workspace_that_cannot_be_judged_is_the_worst() {
    let gate = several();
    gate.write("a/gate.toml", "version = 2\n");
    let run = gate.run(["pilot", "--all-workspaces", "--no-suites", "--message-format", "json"]);
    assert_eq!(run.code, Some(2), "{run}");
    let all = run.json();
    assert_eq!(all["workspaces"][0]["error"]["exit_code"], 2);
    assert!(all["workspaces"][1]["report"].is_object());
    let left_out = gate.run([
        "pilot",
        "--all-workspaces",
        "--except",
        "a",
        "--except",
        "b",
        "--message-format",
        "json",
    ]);
    assert_eq!(left_out.code, Some(2), "{left_out}");
    let left_out = gate
        .run([
            "pilot",
            "--all-workspaces",
            "--except",
            "a",
            "--no-suites",
            "--message-format",
            "json",
        ])
        .json();
    assert_eq!(left_out["left_out"], serde_json::json!(["a"]));
    let unknown = gate.run(["pilot", "--all-workspaces", "--except", "c"]);
    assert_eq!(unknown.code, Some(2), "{unknown}");
}

#[test]
fn the_plan_of_all_workspaces_runs_nothing() {
    let gate = several();
    let run = gate.run(["pilot", "--all-workspaces", "--plan", "--message-format", "json"]);
    assert_eq!(run.code, Some(0), "{run}");
    let plans = run.json();
    let items = plans["workspaces"][2]["plan"]["items"].as_array().expect("a plan");
    assert!(items.iter().any(|item| item["action"] == "run"));
    let human = gate.run(["pilot", "--all-workspaces", "--plan"]);
    assert!(
        human.stdout.starts_with("a\n") && human.stdout.contains("\nb/fuzz\n"),
        "{human}"
    );
    assert!(!gate.workspace().join("a/target/gate/history.jsonl").exists());
}

/// A workspace of two packages that do not know each other.
fn two() -> Gate {
    gate!()
        .file("Cargo.toml", "[workspace]\nmembers = [\"app\", \"web\"]\nresolver = \"3\"\n")
        .file(
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"web\"\nversion = \"0.1.0\"\n",
        )
        .file("app/Cargo.toml", &manifest("app"))
        .file("app/src/lib.rs", LIBRARY)
        .file("web/Cargo.toml", &manifest("web"))
        .file("web/src/lib.rs", LIBRARY)
        .file("gate.toml", "version = 1\nstage.pilot.scope = \"x\"\n[stage.controlled]\nstrict = false\nreason = \"a test\"\n")
        .file(".gitignore", "target\n")
        .git_init()
}

#[test]
fn what_a_change_can_affect_is_a_bounded_claim() {
    let gate = two();
    gate.append("app/src/lib.rs", "// changed\n");
    gate.commit("Change one package");
    let run = gate.run(["pilot", "--since", "HEAD~1", "--message-format", "json"]);
    assert_eq!(run.code, Some(0), "{run}");
    let report = run.json();
    assert_eq!(report["decision"], "READY_WITH_BOUNDED_SCOPE");
    assert_eq!(report["subject"]["selected"], serde_json::json!(["app"]));
    let bound = &report["bounds"][0];
    assert_snapshot!(format!("{}: {}", bound["surface"].as_str().unwrap(), bound["reason"].as_str().unwrap()), @"every package except app: neither changed since HEAD~1 nor depending on what did");
    let suite = check(&report, "suite.test.workspace");
    assert_eq!(suite["evidence"]["suite"]["passed"], 1, "{suite:#}");

    // It is no predecessor of a claim about the whole workspace, and `status` shows what it is one for.
    let controlled = gate
        .run(["controlled", "--no-suites", "--message-format", "json"])
        .json();
    assert_snapshot!(messages(&controlled, "stage.predecessor"), @"the READY pilot run xxxxxxxxxxxxxxxx-xxxxxx does not count: it judged only app");
    let status = gate.run(["status"]).stdout;
    let table: Vec<&str> = status
        .lines()
        .skip_while(|line| !line.starts_with("package"))
        .take(3)
        .collect();
    assert_snapshot!(table.join("\n"), @"
    package  pilot                     controlled  broad
    app      READY_WITH_BOUNDED_SCOPE  -           -
    web      -                         -           -
    ");
}

#[test]
fn what_every_package_shares_makes_the_claim_whole() {
    for path in [
        "Cargo.lock",
        "gate.toml",
        "web/Cargo.toml",
        ".cargo/config.toml",
        "README.md",
    ] {
        let gate = two();
        if gate.workspace().join(path).exists() {
            gate.append(path, "\n");
        } else {
            gate.write(path, "\n");
        }
        gate.append("app/src/lib.rs", "// changed\n");
        let plan = gate.run(["pilot", "--since", "HEAD", "--no-suites", "--message-format", "json"]);
        assert!(plan.stderr.contains("Affected the whole workspace: "), "{path}: {plan}");
        let report = plan.json();
        assert!(report["subject"].get("selected").is_none(), "{path}");
    }
    let gate = two();
    assert_snapshot!(gate.run(["pilot", "--since", "nowhere"]).to_string(), @"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
    error: cannot tell what changed since `nowhere`: the repository does not contain commit nowhere
    help: pass a branch, a tag or a commit of this repository; in a shallow clone, fetch its history first
    ");
}
