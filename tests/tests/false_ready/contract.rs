//! What a stage asks for: a workspace that declares little is not ready for much.

use gate_tests::gate;
use gate_tests::harness::{Gate, Run};

/// Messages of the findings that block, with the id of the check.
fn failing(run: &Run) -> String {
    let report = run.json();
    let later: &[&str] = match report["stage"].as_str() {
        Some("pilot") => &["controlled", "broad"],
        Some("controlled") => &["broad"],
        _ => &[],
    };
    let checks = report["checks"].as_array().expect("a list of checks");
    let mut said = String::new();
    for check in checks.iter().filter(|check| check["outcome"] == "fail") {
        for finding in check["findings"].as_array().into_iter().flatten() {
            let due = finding["blocks_at"]
                .as_str()
                .is_none_or(|stage| !later.contains(&stage));
            if due && finding["waived"].is_null() && finding["excluded"].is_null() {
                said.push_str(&format!("{}: {}\n", check["id"], finding["message"]).replace('"', ""));
            }
        }
    }
    said
}

fn json(gate: &Gate, stage: &str) -> Run {
    gate.run([stage, "--message-format", "json"])
}

/// The line above the verdict.
fn claim(gate: &Gate, stage: &str) -> String {
    let run = gate.run([stage]);
    let lines = run.stdout.lines().skip_while(|line| !line.starts_with("claimed"));
    lines
        .take_while(|line| !line.is_empty())
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_new_crate_with_one_test_is_not_ready_for_broad() {
    let gate = gate!().fixture("base").git_init();
    insta::assert_snapshot!(claim(&gate, "pilot"), @"claimed of 1 library: integrity, supply, equivalence; not claimed: ergonomics, governance (nothing declared)");
    assert_eq!(json(&gate, "controlled").code, Some(0));
    insta::assert_snapshot!(claim(&gate, "controlled"), @"claimed of 1 library: integrity, supply, equivalence; not claimed: ergonomics, governance (nothing declared)");
    let broad = json(&gate, "broad");
    assert_eq!(broad.code, Some(1), "{broad}");
    let said = failing(&broad);
    for expected in [
        "stage.contract: no evidence of ergonomics",
        "stage.contract: no evidence of governance",
        "stage.predecessor: ",
        "history.consistent: 1 of the required 3 commits",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

/// A policy that declares everything but evidence of the performance of a service.
const SERVICE: &str = r#"
version = 1

[stage.pilot]
scope = "one internal service"

[kinds]
service = ["base"]

[owners]
default = "core"

[[suite.test]]
name = "workspace"
command = ["cargo", "test", "--locked"]

[[suite.test]]
name = "failover"
command = ["cargo", "test", "--locked", "--lib"]
group = "resilience"

[[suite.tool]]
name = "format"
tool = "rustfmt"
"#;

#[test]
fn a_group_is_excluded_by_name_and_bounds_the_decision() {
    let gate = gate!().fixture("base").file("gate.toml", SERVICE).git_init();
    let pilot = gate.run(["pilot"]);
    assert_eq!(pilot.code, Some(0), "{pilot}");
    let warning = "warning[stage.contract]: no evidence of performance: nothing is declared";
    assert!(pilot.stdout.contains(warning), "{pilot}");
    let controlled = json(&gate, "controlled");
    assert_eq!(controlled.json()["decision"], "READY", "{controlled}");
    insta::assert_snapshot!(claim(&gate, "controlled"), @"claimed of 1 service: integrity, supply, equivalence, resilience, ergonomics, governance; not claimed: performance (nothing declared)");
    let said = failing(&json(&gate, "broad"));
    let contract = said.lines().filter(|line| line.starts_with("stage.contract"));
    insta::assert_snapshot!(contract.collect::<Vec<_>>().join("\n"), @"stage.contract: no evidence of performance for the service `base`: nothing is declared");

    gate.append(
        "gate.toml",
        "\n[[exclusion]]\nsurface = \"speed\"\ngroups = [\"performance\"]\nreason = \"ten requests a day\"\nrisk = \"low\"\n",
    );
    gate.commit("Exclude performance");
    for stage in ["pilot", "controlled"] {
        let report = json(&gate, stage).json();
        assert_eq!(report["decision"], "READY_WITH_BOUNDED_SCOPE", "{stage}");
        assert_eq!(report["bounds"][0]["surface"], "speed", "{stage}");
        assert_eq!(report["bounds"][0]["risk"], "low", "{stage}");
    }
    insta::assert_snapshot!(claim(&gate, "controlled"), @"claimed of 1 service: integrity, supply, equivalence, resilience, ergonomics, governance; not claimed: performance (excluded, risk low)");
}

/// A suite that nobody requires shows nothing, whatever it says.
#[test]
fn a_suite_that_is_not_required_is_no_evidence() {
    let policy = SERVICE.replace("tool = \"rustfmt\"", "tool = \"rustfmt\"\nrequired = false");
    let gate = gate!().fixture("base").file("gate.toml", &policy).git_init();
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    assert!(claim(&gate, "controlled").contains("not claimed: performance, ergonomics (nothing declared)"));
}

/// Advice blocks a strict stage, and a stage that is not says why.
#[test]
fn advice_blocks_controlled_unless_a_reason_is_given() {
    let policy = SERVICE.replace("service = [\"base\"]", "tool = [\"gone\"]\nservice = [\"base\"]");
    let gate = gate!().fixture("base").file("gate.toml", &policy).git_init();
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    insta::assert_snapshot!(failing(&json(&gate, "controlled")), @"stage.contract: `[kinds]` declares `gone` as tool, and no package has that name");
    gate.append("gate.toml", "\n[stage.controlled]\nstrict = false\n");
    assert_eq!(gate.run(["controlled"]).code, Some(2), "no reason is given");
    gate.append("gate.toml", "reason = \"it is renamed next week\"\n");
    gate.commit("Relax controlled");
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    insta::assert_snapshot!(claim(&gate, "controlled"), @"claimed of 1 service: integrity, supply, equivalence, resilience, ergonomics, governance; not claimed: performance (nothing declared); declared otherwise: warnings do not block (it is renamed next week)");
}

/// Three runs of one commit on one day are no streak, and what was decided a moment ago has shown nothing.
#[test]
fn broad_asks_for_a_streak_and_a_soak() {
    let gate = gate!().fixture("good");
    let policy = gate.read("gate.toml");
    let weaker = "min-age = \"0s\"\nreason = \"tests do not wait for a day\"\n\n[history]\nruns = 1\ndays = 1\n\
                  reason = \"tests do not wait for a day\"\n";
    assert!(policy.contains(weaker), "{policy}");
    let gate = gate.file("gate.toml", &policy.replace(weaker, "")).git_init();
    for stage in ["pilot", "controlled", "controlled", "controlled"] {
        let run = gate.run([stage]);
        assert_eq!(run.code, Some(0), "{run}");
    }
    let said = failing(&json(&gate, "broad"));
    assert!(said.contains("stage.predecessor: the READY controlled run"), "{said}");
    assert!(said.contains("old, less than the required 24 hours"), "{said}");
    assert!(
        said.contains("history.consistent: 1 of the required 3 commits"),
        "{said}"
    );
}

/// Runs by another policy and runs of empty commits show nothing of this policy on another content.
#[test]
fn only_this_policy_over_different_contents_makes_a_streak() {
    let weaker = "runs = 1\ndays = 1\n";
    let gate = gate!().fixture("good");
    let policy = gate.read("gate.toml");
    assert!(policy.contains(weaker), "{policy}");
    let gate = gate
        .file("gate.toml", &policy.replace(weaker, "runs = 3\ndays = 1\n"))
        .git_init();
    let other = gate.workspace().parent().expect("a directory").join("other.toml");
    std::fs::write(&other, format!("{}# another\n", gate.read("gate.toml"))).expect("a file can be written");
    let other = other.to_str().expect("a path");
    let ready = |arguments: &[&str]| {
        let run = gate.run(arguments);
        assert_eq!(run.code, Some(0), "{run}");
    };
    let streak = || failing(&json(&gate, "broad"));
    for change in ["1", "2"] {
        gate.append("logic/src/lib.rs", &format!("// {change}\n"));
        gate.commit("Change a comment");
        ready(&["pilot", "--policy", other]);
        ready(&["controlled", "--policy", other]);
    }
    ready(&["pilot"]);
    ready(&["controlled"]);
    assert!(
        streak().contains("history.consistent: 1 of the required 3 commits"),
        "{}",
        streak()
    );
    for _ in 0..2 {
        gate.git(["commit", "--quiet", "--allow-empty", "--message", "Nothing"]);
        ready(&["controlled"]);
    }
    assert!(
        streak().contains("history.consistent: 1 of the required 3 commits"),
        "{}",
        streak()
    );
    for change in ["3", "4"] {
        gate.append("logic/src/lib.rs", &format!("// {change}\n"));
        gate.commit("Change a comment");
        ready(&["pilot"]);
        ready(&["controlled"]);
    }
    assert!(!streak().contains("history.consistent"), "{}", streak());
}
