//! `cargo gate release migrate`: what it says, how a stage asks for it, and what becomes of a history.
#![allow(
    clippy::print_stdout,
    reason = "what was done to databases, and the instants of kills, are for who runs the tests"
)]

#[path = "migrate/databases.rs"]
mod databases;
#[path = "migrate/history.rs"]
mod history;
#[cfg(unix)]
#[path = "migrate/kills.rs"]
mod kills;
#[path = "migrate/random.rs"]
mod random;

use std::fs;

use gate_tests::harness::Gate;
use gate_tests::{binary, gate};

const OLD: &str = r#"{ "properties": { "mode": { "type": "string", "enum": ["NATIVE", "CPU_SAFE", "SAFE"] }, "count": { "type": "integer" } } }"#;
const NEW: &str =
    r#"{ "properties": { "mode": { "type": "string", "enum": ["NATIVE", "SAFE"] }, "total": { "type": "integer" } } }"#;

const RENAMED: &str = "version = 1\n\n[[field]]\nfrom = \"count\"\nto = \"total\"\n";
const MERGED: &str = "\n[[state]]\nfrom = \"mode=CPU_SAFE\"\nto = \"mode=SAFE\"\n";
const DROPPED: &str = "\n[[state]]\nfrom = \"mode=CPU_SAFE\"\ndrop = \"nobody was in it\"\n";

fn versions() -> Gate {
    gate!().file("old.json", OLD).file("new.json", NEW)
}

#[test]
fn what_has_no_place_fails_and_is_named() {
    let gate = versions();
    insta::assert_snapshot!(
        "nothing_declared",
        gate.run(["release", "migrate", "compare", "old.json", "new.json"])
    );
    gate.write("map.toml", format!("{RENAMED}{MERGED}"));
    let arguments = [
        "release", "migrate", "compare", "old.json", "new.json", "--map", "map.toml",
    ];
    insta::assert_snapshot!("two_states_become_one", gate.run(arguments));
    gate.write("map.toml", format!("{RENAMED}{DROPPED}"));
    insta::assert_snapshot!("no_way_back", gate.run(arguments));
    insta::assert_snapshot!(
        "a_way_back_is_asked_for",
        gate.run(arguments.into_iter().chain(["--reversible"]))
    );
    insta::assert_snapshot!(
        "as_json",
        gate.run(arguments.into_iter().chain(["--message-format", "json"]))
    );
    gate.write("map.toml", "version = 1\n[[field]]\nfrom = \"count\"\n");
    insta::assert_snapshot!("a_map_that_is_none", gate.run(arguments));
    assert_eq!(
        gate.run(["release", "migrate", "compare", "old.json", "nothing.json"])
            .code,
        Some(2)
    );
}

/// The migration that the guide declares for each version of each format: there is one version of each, so that each is compared with itself.
#[test]
fn the_formats_of_this_version_migrate_to_themselves() {
    let gate = gate!();
    let root = xtask::project_root();
    let mut formats = vec![root.join("gate-kernels").join("kernels.lock"), root.join("gate.toml")];
    let schemas = fs::read_dir(root.join("docs").join("schema"))
        .expect("the schemas")
        .flatten();
    formats.extend(
        schemas
            .map(|entry| entry.path())
            .filter(|path| path.to_string_lossy().ends_with(".schema.json")),
    );
    assert!(formats.len() > 4, "{formats:?}");
    let guide = fs::read_to_string(root.join("docs/src/guide/migration.md")).expect("the guide");
    for format in formats {
        let path = format.to_str().expect("a path of this repository");
        let run = gate
            .run(["release", "migrate", "compare", path, path, "--reversible"])
            .to_string();
        assert!(run.contains("reversible: true"), "{run}");
        // The guide has a section about each.
        let name = format.file_name().and_then(|name| name.to_str()).expect("a name");
        assert!(guide.contains(&format!("`{name}`")), "the guide does not name `{name}`");
    }
}

#[test]
fn at_broad_a_way_that_is_none_needs_a_waiver() {
    let gate = gate!().fixture("good");
    gate.write("old.json", OLD);
    gate.write("new.json", NEW);
    gate.write("map.toml", format!("{RENAMED}{DROPPED}"));
    let binary = binary!().replace('\\', "/");
    let suite = format!(
        "\n[[suite.test]]\nname = \"rollback\"\nstage = \"broad\"\nformat = \"exit-code\"\ninputs = [\"*.json\", \"map.toml\"]\n\
         command = [\"{binary}\", \"release\", \"migrate\", \"compare\", \"old.json\", \"new.json\", \"--map\", \"map.toml\", \"--reversible\"]\n"
    );
    gate.append("gate.toml", &suite);
    let gate = gate.git_init();
    let outcome = |gate: &Gate| {
        let run = gate.run(["broad", "--keep-going", "--message-format", "json"]);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("a report");
        let checks = report["checks"].as_array().expect("checks");
        let suite = checks.iter().find(|check| check["id"] == "suite.test.rollback");
        suite.expect("the suite")["outcome"]
            .as_str()
            .expect("an outcome")
            .to_owned()
    };
    // The control: the same suite passes without a waiver once there is a way back.
    gate.write("new.json", OLD.replace("count", "total"));
    gate.write("map.toml", RENAMED);
    gate.commit("a version that keeps everything");
    assert_eq!(outcome(&gate), "pass");
    gate.write("new.json", NEW);
    gate.write("map.toml", format!("{RENAMED}{DROPPED}"));
    gate.commit("a version that drops a mode");
    assert_eq!(outcome(&gate), "fail");
    let waiver =
        "\n[[waiver]]\ncheck = \"suite.test.rollback\"\nowner = \"ops\"\nreason = \"nobody was in that mode\"\n";
    gate.append(
        "gate.toml",
        &format!("{waiver}expires = {}\n", gate_tests::harness::day(30)),
    );
    gate.commit("accept that there is no way back");
    assert_eq!(outcome(&gate), "pass");
}
