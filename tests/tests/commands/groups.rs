//! Groups: what comes later waits for what comes first.

use gate_report::group::Group;
use serde_json::Value;

use super::*;

const STAGES: &str = "\
version = 1
[stage.pilot]
scope = \"a tool of the team\"
[stage.controlled]
scope = \"a tenth of the traffic\"
[stage.broad]
scope = \"everything\"
";

/// Suites of every group, declared from the last to the first; `equivalence` is the command of the tests.
fn policy(equivalence: &str, integrity: &str) -> String {
    let suite = |name: &str, command: &str, group: &str| {
        format!(
            "[[suite.test]]\nname = \"{name}\"\ncommand = \"{command}\"\nformat = \"exit-code\"\ninputs = [\"src/**\"]\n{group}\n"
        )
    };
    [
        STAGES.to_owned(),
        suite("sign-off", "cargo --version", "group = \"governance\""),
        suite("examples", "cargo --version", "group = \"ergonomics\""),
        suite("drill", "cargo --version", "group = \"resilience\""),
        suite("unit", equivalence, ""),
        suite("provenance", integrity, "group = \"integrity\""),
        "[[suite.tool]]\nname = \"format\"\ntool = \"rustfmt\"\n".to_owned(),
    ]
    .concat()
}

fn gate_with(equivalence: &str, integrity: &str) -> Gate {
    gate!()
        .file(
            "Cargo.toml",
            "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        )
        .file(
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"demo\"\nversion = \"0.1.0\"\n",
        )
        .file("src/lib.rs", "//! Nothing.\n")
        .file(".gitignore", "/target\n")
        .file("gate.toml", &policy(equivalence, integrity))
        .git_init()
}

/// Outcome, code and group of each suite.
fn suites(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let checks = report["checks"].as_array().expect("checks").iter();
    checks
        .filter(|check| text(&check["id"]).starts_with("suite."))
        .map(|check| {
            let reason = &check["reason"];
            let id = text(&check["id"]);
            format!(
                "{id}: {} {} {}",
                text(&check["outcome"]),
                text(&reason["code"]),
                text(&reason["group"])
            )
        })
        .collect()
}

const FAILS: &str = "cargo no-such-subcommand";
const PASSES: &str = "cargo --version";

#[test]
fn the_plan_is_in_the_order_of_groups() {
    let gate = gate_with(PASSES, PASSES);
    let plan = gate.run(["broad", "--plan", "--message-format", "json"]).json();
    let order = Group::ALL.map(Group::name);
    let items = plan["items"].as_array().expect("items");
    let groups: Vec<usize> = items
        .iter()
        .map(|item| {
            let group = item["group"].as_str().expect("a group");
            order.iter().position(|known| *known == group).expect("a known group")
        })
        .collect();
    assert!(groups.is_sorted(), "{plan:#}");
    for (place, group) in order.iter().enumerate().filter(|(_, group)| **group != "performance") {
        assert!(groups.contains(&place), "{group} is empty: {plan:#}");
    }
    let mut suites: Vec<&str> = items.iter().filter_map(|item| item["id"].as_str()).collect();
    suites.retain(|id| id.starts_with("suite."));
    assert_eq!(
        suites,
        [
            "suite.test.provenance",
            "suite.test.unit",
            "suite.test.drill",
            "suite.test.examples",
            "suite.tool.format",
            "suite.test.sign-off",
        ]
    );
}

#[test]
fn a_later_group_waits_for_an_earlier_one() {
    let gate = gate_with(FAILS, PASSES);
    let run = gate.run(["pilot", "--message-format", "json"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert_eq!(
        suites(&run.json()),
        [
            "suite.test.sign-off: not_run blocked_by equivalence",
            "suite.test.examples: not_run blocked_by equivalence",
            "suite.test.drill: not_run blocked_by equivalence",
            "suite.test.unit: fail - -",
            "suite.test.provenance: pass - -",
            "suite.tool.format: not_run blocked_by equivalence",
        ]
    );
    // The first failure decides, whatever else would fail behind it.
    gate.write("gate.toml", policy(FAILS, FAILS));
    gate.commit("the first group fails");
    let run = gate.run(["pilot", "--message-format", "json"]);
    let said = suites(&run.json());
    assert_eq!(said[3], "suite.test.unit: not_run blocked_by integrity", "{run}");
    assert_eq!(said[4], "suite.test.provenance: fail - -", "{run}");
}

#[test]
fn keep_going_evaluates_all_groups_and_decides_the_same() {
    let gate = gate_with(FAILS, PASSES);
    let held_back = gate.run(["pilot", "--message-format", "json"]);
    let run = gate.run(["pilot", "--keep-going", "--message-format", "json"]);
    assert_eq!((held_back.code, run.code), (Some(1), Some(1)), "{run}");
    assert_eq!(held_back.json()["decision"], run.json()["decision"]);
    let said = suites(&run.json());
    let passed = said.iter().filter(|line| line.contains(": pass")).count();
    assert_eq!((said.len(), passed), (6, 5), "{said:#?}");
    // What was evaluated in between is reused, and what was held back is held back again.
    let again = suites(&gate.run(["pilot", "--message-format", "json"]).json());
    assert_eq!(again, said, "evidence of later groups is reused");
}

#[test]
fn the_group_is_no_part_of_the_evidence() {
    let gate = gate_with(PASSES, PASSES);
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    gate.replace("gate.toml", "group = \"resilience\"", "group = \"ergonomics\"");
    gate.commit("the drill is for authors");
    let plan = gate.run(["pilot", "--plan", "--message-format", "json"]).json();
    let items = plan["items"].as_array().expect("items");
    let drill = items
        .iter()
        .find(|item| item["id"] == "suite.test.drill")
        .expect("the suite");
    assert_eq!(
        (&drill["group"], &drill["action"]),
        (&"ergonomics".into(), &"reuse".into())
    );
}
