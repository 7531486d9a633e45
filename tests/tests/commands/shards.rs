//! A run that several machines share: each has a shard of the suites, and only all of them together decide.

use std::fs;

use gate_tests::harness::{Gate, Run};
use insta::assert_snapshot;

use super::good;
use super::merge::{JSON, ON_LINUX, ON_OLD_MACOS, System, copied, executable, has, kinds};

/// Stands for nextest: twelve tests, of which each part has its share, and the first one more.
const NEXTEST: &str = "#!/bin/sh\n\
    part=1/1\n\
    for word; do case $word in hash:*) part=${word#hash:};; esac; done\n\
    count=$((12 / ${part#*/}))\n\
    [ ${part%/*} -gt 1 ] || count=$((count + 1))\n\
    echo ' Nextest run ID 1 with nextest profile: default'\n\
    echo \"     Summary [   0.006s] $count tests run: $count passed, 0 skipped\"\n";

/// Suites of every kind that is shared: two as a whole beside those of the fixture, one by its runner.
fn shared(min_tests: u32) -> Gate {
    let gate = good();
    let directory = gate.workspace().parent().expect("a parent").join("bin");
    fs::create_dir(&directory).expect("a directory");
    let runner = directory.join("cargo-nextest");
    fs::write(&runner, NEXTEST).expect("a script");
    executable(&runner);
    let whole = |name: &str| {
        format!(
            "\n[[suite.test]]\nname = \"{name}\"\ncommand = [\"sh\", \"-c\", \"exit $(cat target/{name} || echo 0)\"]\nformat = \"exit-code\"\n"
        )
    };
    gate.append("gate.toml", &(whole("first") + &whole("second")));
    gate.append(
        "gate.toml",
        &format!(
            "\n[[suite.test]]\nname = \"parts\"\ncommand = [\"cargo\", \"nextest\", \"run\"]\nmin-tests = {min_tests}\n"
        ),
    );
    gate.append(
        "gate.toml",
        "\n[[checklist.pilot]]\nid = \"both\"\ndescription = \"Both pass\"\nchecks = [\"suite.test.first\", \"suite.test.second\"]\n",
    );
    gate.commit("Suites to share");
    let path = std::env::var_os("PATH").expect("a path");
    let path = std::env::join_paths(std::iter::once(directory).chain(std::env::split_paths(&path))).expect("a path");
    gate.env("PATH", path)
}

/// Runs a shard, and keeps the run as a machine of its own.
fn shard(gate: &Gate, partition: &str, machine: &str) -> String {
    shard_on(gate, partition, machine, &ON_LINUX)
}

fn shard_on(gate: &Gate, partition: &str, machine: &str, system: &System) -> String {
    let run = gate.run(["pilot", "--partition", partition]);
    assert_eq!(run.code, Some(5), "{run}");
    let to = format!("target/machines/{machine}");
    copied(gate, &to, system, &[]);
    to
}

fn merged(gate: &Gate, runs: &[String], more: &[&str]) -> Run {
    let runs = runs.iter().map(String::as_str);
    gate.run(
        ["evidence", "merge"]
            .into_iter()
            .chain(runs)
            .chain(more.iter().copied()),
    )
}

#[test]
fn shards_make_one_decision() {
    let gate = shared(13);
    let runs: Vec<String> = ["1/3", "2/3", "3/3"]
        .iter()
        .enumerate()
        .map(|(at, partition)| shard(&gate, partition, &at.to_string()))
        .collect();
    let all = merged(&gate, &runs, &[]);
    assert_eq!(all.code, Some(0), "{all}");
    assert_snapshot!("shards", all);
    let document = merged(&gate, &runs, &JSON).json();
    let checks = document["checks"].as_array().expect("checks");
    for check in checks
        .iter()
        .filter(|check| check["id"].as_str().expect("an id").starts_with("suite."))
    {
        let cells = check["cells"].as_object().expect("cells");
        let ran = cells.values().filter(|cell| cell["outcome"] == "pass").count();
        assert_eq!(ran, 1, "{check}");
    }
    // What takes the outcomes of all suites is judged by the merge.
    let checklist = checks
        .iter()
        .find(|check| check["id"] == "checklist.stage")
        .expect("the checklist");
    assert_eq!(checklist["outcome"], "pass");

    // Each shard says what it is, and is never ready.
    assert_snapshot!("shard", gate.run(["pilot", "--partition", "2/3"]));
    assert_eq!(gate.run(["verify"]).code, Some(0));
    let early = gate.run(["controlled"]);
    assert!(early.stdout.contains("stage.predecessor"), "{early}");

    // The merged decision cannot be made of fewer shards than it has.
    let out = "target/merged.json";
    assert_eq!(merged(&gate, &runs, &["--out", out]).code, Some(0));
    assert_eq!(gate.run(["verify", out]).code, Some(0));
    let text = gate.read(out);
    gate.write(out, text.replacen("\"shard\": 3", "\"shard\": 2", 1));
    let edited = gate.run(["verify", out]);
    assert_eq!(edited.code, Some(1), "{edited}");
    assert!(edited.stdout.contains("no run is shard 3/3"), "{edited}");
}

#[test]
fn shards_that_are_not_one_run_are_refused() {
    let gate = shared(1);
    let one = shard(&gate, "1/2", "one");
    let two = shard(&gate, "2/2", "two");
    assert_eq!(merged(&gate, &[one.clone(), two.clone()], &[]).code, Some(0));

    // One is missing.
    let missing = merged(&gate, std::slice::from_ref(&one), &[]);
    assert_eq!(missing.code, Some(1), "{missing}");
    assert!(
        missing.stdout.contains("no run is shard 2/2 of linux-x86_64"),
        "{missing}"
    );
    assert!(kinds(&merged(&gate, std::slice::from_ref(&one), &JSON)).contains(&"shard".to_owned()));
    // One is there twice.
    let again = shard(&gate, "1/2", "again");
    let doubled = merged(&gate, &[one.clone(), two.clone(), again], &[]);
    assert_eq!(doubled.code, Some(1), "{doubled}");
    assert!(
        doubled.stdout.contains("2 runs are shard 1/2 of linux-x86_64"),
        "{doubled}"
    );
    // Shares of different numbers.
    let third = shard(&gate, "3/3", "third");
    let mixed = merged(&gate, &[one.clone(), two.clone(), third], &[]);
    assert_eq!(mixed.code, Some(1), "{mixed}");
    assert!(mixed.stdout.contains("which are not shares of one run"), "{mixed}");
    // Another platform has its own shards.
    let elsewhere = shard_on(&gate, "2/2", "macos", &ON_OLD_MACOS);
    let platforms = merged(&gate, &[one.clone(), elsewhere], &[]);
    assert_eq!(platforms.code, Some(1), "{platforms}");
    assert!(
        platforms.stdout.contains("no run is shard 2/2 of linux-x86_64"),
        "{platforms}"
    );
    assert!(
        platforms.stdout.contains("no run is shard 1/2 of macos-x86_64"),
        "{platforms}"
    );
    // A shard that claims a suite of the other.
    gate.run(["pilot"]);
    let whole = [(
        "\"stage\": \"pilot\",",
        "\"partition\": {\n    \"shard\": 2,\n    \"of\": 2\n  },\n  \"stage\": \"pilot\",",
    )];
    copied(&gate, "target/machines/whole", &ON_LINUX, &whole);
    let greedy = merged(&gate, &[one.clone(), "target/machines/whole".to_owned()], &[]);
    assert_eq!(greedy.code, Some(1), "{greedy}");
    // Two trees.
    gate.append("logic/src/lib.rs", "\n// More.\n");
    gate.commit("More");
    let other = shard(&gate, "2/2", "other");
    has(&merged(&gate, &[one, other], &JSON), "tree");
}

#[test]
fn parts_of_a_suite_run_its_least_number_of_tests_together() {
    let gate = shared(14);
    let runs: Vec<String> = ["1/2", "2/2"]
        .iter()
        .map(|partition| shard(&gate, partition, &partition[..1]))
        .collect();
    let few = merged(&gate, &runs, &[]);
    assert_eq!(few.code, Some(1), "{few}");
    assert!(
        few.stdout
            .contains("the shards of linux-x86_64 ran 13 of at least 14 tests of `suite.test.parts`"),
        "{few}"
    );
}

#[test]
fn a_shard_that_fails_says_so_and_the_merge_too() {
    let gate = shared(1);
    gate.write("target/first", "1\n");
    let mut codes = Vec::new();
    let mut runs = Vec::new();
    for partition in ["1/2", "2/2"] {
        codes.push(gate.run(["pilot", "--partition", partition]).code);
        let to = format!("target/machines/{}", &partition[..1]);
        copied(&gate, &to, &ON_LINUX, &[]);
        runs.push(to);
    }
    codes.sort();
    assert_eq!(codes, [Some(1), Some(5)]);
    let run = merged(&gate, &runs, &JSON);
    assert_eq!(run.code, Some(1), "{run}");
    let document = run.json();
    assert!(document["contradictions"].is_null(), "{run}");
    let checks = document["checks"].as_array().expect("checks");
    let failed = checks.iter().filter(|check| check["outcome"] == "fail");
    let failed: Vec<_> = failed.map(|check| check["id"].as_str().expect("an id")).collect();
    assert_eq!(failed, ["suite.test.first", "checklist.stage"]);
}

#[test]
fn suites_are_shared_without_a_stage_too() {
    let gate = shared(1);
    let said = |partition: &str| {
        let run = gate.run(["suite", "--all", "--partition", partition]);
        assert_eq!(run.code, Some(0), "{run}");
        let lines = run.stdout.lines().filter_map(|line| line.strip_prefix("PASS "));
        lines
            .map(|line| line.split(':').next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let mut all = [said("1/2"), said("2/2")].concat();
    all.sort();
    assert_eq!(
        all,
        [
            "suite.test.first",
            "suite.test.logic",
            "suite.test.parts",
            "suite.test.parts",
            "suite.test.second",
            "suite.tool.format",
        ]
    );
    let wrong = gate.run(["pilot", "--partition", "3/2"]);
    assert_eq!(wrong.code, Some(2), "{wrong}");
}
