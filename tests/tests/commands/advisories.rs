//! `cargo gate advisories`, and what runs make of what it fetched.

use std::path::Path;

use gate_tests::gate;
use gate_tests::harness::{Gate, advisory, day};
use serde_json::Value;

/// More advisories than are compiled in.
const MANY: usize = 3000;

/// A repository with an advisory database: the given advisories, and so many more that it is no part of the public one.
fn database(advisories: &[(&str, &str, &str)], more: usize) -> Gate {
    let gate = gate!().file("README.md", "Advisories.\n");
    for (id, package, date) in advisories {
        gate.write(&format!("crates/{package}/{id}.md"), advisory(id, package, date));
    }
    for number in 0..more {
        let id = format!("RUSTSEC-1999-{number:04}");
        gate.write(&format!("crates/filler/{id}.md"), advisory(&id, "filler", "1999-12-31"));
    }
    gate.git_init()
}

/// A workspace that depends on a vendored package from crates.io, on a machine without a database.
fn workspace() -> Gate {
    let lock = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"greet\",\n]\n\n[[package]]\nname = \
                \"greet\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \
                \"400d8f0249dcdd78a786612790e98649ea5b6bfe580bbf9ef47c621b7ff03355\"\n";
    gate!()
        .file(
            "Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\ngreet = \"1\"\n\n[workspace]\nexclude = \
             [\"vendor\"]\n",
        )
        .file("Cargo.lock", lock)
        .file(".gitignore", "/target\n")
        .file("src/lib.rs", "//! Nothing.\n")
        .file(
            ".cargo/config.toml",
            "[source.crates-io]\nreplace-with = \"vendored\"\n\n[source.vendored]\ndirectory = \"vendor\"\n",
        )
        .file(
            "vendor/greet/Cargo.toml",
            "[package]\nname = \"greet\"\nversion = \"1.0.0\"\nedition = \"2024\"\n",
        )
        .file("vendor/greet/src/lib.rs", "//! Greets.\n")
        .file(
            "vendor/greet/.cargo-checksum.json",
            "{\"files\":{},\"package\":\"400d8f0249dcdd78a786612790e98649ea5b6bfe580bbf9ef47c621b7ff03355\"}",
        )
        .git_init()
        .env("CARGO_GATE_ADVISORY_DB", "")
}

fn update(gate: &Gate, from: &Gate) -> gate_tests::harness::Run {
    gate.run([
        "advisories".as_ref(),
        "update".as_ref(),
        "--url".as_ref(),
        from.workspace().as_os_str(),
    ])
}

fn check<'r>(report: &'r Value, id: &str) -> &'r Value {
    let checks = report["checks"].as_array().expect("a list of checks");
    checks.iter().find(|check| check["id"] == id).expect("the check")
}

fn judged(gate: &Gate, stage: &str) -> Value {
    let run = gate.run([stage, "--no-suites", "--message-format", "json"]);
    check(&run.json(), "supply.advisories").clone()
}

/// Where the database of updates is kept below the home of a gate.
fn kept(gate: &Gate) -> std::path::PathBuf {
    let home = gate.workspace().parent().expect("a directory of its own").join("home");
    let mut found = Vec::new();
    find(&home, &mut found);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn find(directory: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            find(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "snapshot") {
            found.push(path);
        }
    }
}

#[test]
fn what_is_compiled_in_answers_without_any_database() {
    let gate = workspace();
    let lock = gate
        .read("Cargo.lock")
        .replace("greet", "time")
        .replace("1.0.0", "0.1.43");
    gate.write("Cargo.lock", lock);
    gate.replace("Cargo.toml", "greet = \"1\"", "time = \"0.1\"");
    for file in ["Cargo.toml", "src/lib.rs", ".cargo-checksum.json"] {
        let text = gate.read(&format!("vendor/greet/{file}"));
        let text = text.replace("greet", "time").replace("1.0.0", "0.1.43");
        gate.write(&format!("vendor/time/{file}"), text);
    }
    gate.commit("Tell the time");
    let run = gate.run(["pilot", "--message-format", "json"]).json();
    let judged = check(&run, "supply.advisories");
    let findings = judged["findings"].to_string();
    assert_eq!(judged["outcome"], "warn", "{judged}");
    assert!(findings.contains("RUSTSEC-2020-0071 in `time 0.1.43`"), "{judged}");
    let status = gate.run(["advisories", "status", "--message-format", "json"]).json();
    assert_eq!(status["used"]["origin"], "built-in", "{status}");
    assert_eq!(status["used"]["why"], "no other was found", "{status}");
    // What the run judged by is in its directory.
    let record: Value =
        serde_json::from_str(&gate.read("target/gate/runs/latest/supply/advisories.json")).expect("JSON");
    assert_eq!(record["database"]["origin"], "built-in", "{record}");
    assert_eq!(record["database"]["date"], status["used"]["date"], "{record}");
}

#[test]
fn an_update_is_used_by_every_later_run() {
    let gate = workspace();
    let all = database(&[("RUSTSEC-2026-0001", "greet", &day(-3))], MANY - 1);
    let before = judged(&gate, "pilot");
    assert!(!before["findings"].to_string().contains("RUSTSEC"), "{before}");

    let run = update(&gate, &all);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stdout.starts_with("advisory database of "), "{run}");
    assert!(run.stdout.contains(": 3000 advisories\nkept at "), "{run}");
    let after = judged(&gate, "controlled");
    assert_eq!(after["outcome"], "fail", "{after}");
    // The repository itself says the same.
    let gate = gate.env("CARGO_GATE_ADVISORY_DB", all.workspace());
    assert_eq!(judged(&gate, "controlled")["findings"], after["findings"]);
    let gate = gate.env("CARGO_GATE_ADVISORY_DB", "");
    let status = gate.run(["advisories", "status", "--message-format", "json"]).json();
    assert_eq!(status["used"]["origin"], "update", "{status}");
    assert_eq!(status["used"]["why"], "it is the newest of 2", "{status}");
    assert_eq!(status["considered"][1]["origin"], "built-in", "{status}");
    let text = gate.run(["advisories"]);
    assert!(text.stdout.contains("\nwhy        it is the newest of 2\n"), "{text}");

    let again = update(&gate, &all);
    assert!(
        again.stdout.contains(": 3000 advisories, as many as before\n"),
        "{again}"
    );
}

#[test]
fn an_update_that_fails_leaves_the_old_database() {
    let gate = gate!();
    let newest = |from_now| ("RUSTSEC-2026-0001", "greet", day(from_now));
    let with = |(id, package, date): (&str, &str, String), more| database(&[(id, package, &date)], more);
    assert_eq!(update(&gate, &with(newest(-3), MANY)).code, Some(0));
    let bytes = std::fs::read(kept(&gate)).expect("a file");

    let refused = |from: &Gate| {
        let run = update(&gate, from);
        assert_eq!(run.code, Some(3), "{run}");
        assert_eq!(std::fs::read(kept(&gate)).expect("a file"), bytes);
        let kept = ["~/.local/state", "~/Library/Application Support", "~/AppData/Local"];
        let text = run.stderr.replace(&from.workspace().display().to_string(), "[FROM]");
        kept.iter().fold(text, |text, one| text.replace(one, "[STATE]"))
    };
    let said = [
        refused(&gate!()),
        refused(&database(&[], 0)),
        refused(&with(newest(-3), 1)),
        refused(&with(newest(-4), MANY))
            .replace(&day(-4), "[NOW]")
            .replace(&day(-3), "[THEN]"),
        refused(&with(("RUSTSEC-2026-0001", "greet", "yesterday".to_owned()), 0)),
    ];
    insta::assert_snapshot!(said.concat(), @"
        Fetching [FROM]
    error: cannot fetch `[FROM]`: '[FROM]' does not appear to be a git repository
    help: name a mirror or a clone with `--url`
        Fetching [FROM]
    error: `[FROM]` contains no advisories; the advisory database at `[STATE]/cargo-gate/advisories.snapshot` stays as it was
        Fetching [FROM]
    error: `[FROM]` contains 2 advisories, and an older database 3001; the advisory database at `[STATE]/cargo-gate/advisories.snapshot` stays as it was
        Fetching [FROM]
    error: `[FROM]` is of [NOW], and there is one of [THEN]; the advisory database at `[STATE]/cargo-gate/advisories.snapshot` stays as it was
        Fetching [FROM]
    error: `[FROM]` contains no advisories; the advisory database at `[STATE]/cargo-gate/advisories.snapshot` stays as it was
    ");
}

#[test]
fn a_part_of_the_public_database_is_not_used_instead_of_it() {
    let home = gate!();
    home.write(
        "advisory-db/crates/greet/RUSTSEC-2026-0001.md",
        advisory("RUSTSEC-2026-0001", "greet", &day(-3)),
    );
    let gate = workspace()
        .env_remove("CARGO_GATE_ADVISORY_DB")
        .env("CARGO_HOME", home.workspace());
    let status = gate.run(["advisories", "status", "--message-format", "json"]).json();
    assert_eq!(status["used"]["origin"], "built-in", "{status}");
    assert_eq!(status["considered"][0]["origin"], "tool", "{status}");
    assert!(status["considered"][0]["problem"].is_string(), "{status}");
}

#[test]
fn an_old_database_opens_no_stage_but_pilot() {
    let old = database(&[("RUSTSEC-2026-0001", "other", &day(-100))], 0);
    let gate = workspace().env("CARGO_GATE_ADVISORY_DB", old.workspace());
    assert_eq!(judged(&gate, "pilot")["outcome"], "warn");
    for stage in ["controlled", "broad"] {
        let judged = judged(&gate, stage);
        assert_eq!(judged["outcome"], "not_run", "{judged}");
        assert_eq!(judged["reason"]["code"], "advisory_db_too_old", "{judged}");
        assert!(
            judged["reason"]["help"]
                .to_string()
                .contains("cargo gate advisories update"),
            "{judged}"
        );
    }
}

#[test]
fn an_update_without_the_network_fetches_from_this_machine_only() {
    let gate = gate!();
    let run = gate.run(["advisories", "update", "--offline", "--url", "https://localhost:1/db"]);
    assert_eq!(run.code, Some(3), "{run}");
    assert!(run.stderr.contains("transport 'https' not allowed"), "{run}");
    let from = database(&[("RUSTSEC-2026-0001", "greet", &day(-3))], MANY);
    let path = from.workspace().as_os_str();
    let run = gate.run([
        "advisories".as_ref(),
        "update".as_ref(),
        "--offline".as_ref(),
        "--url".as_ref(),
        path,
    ]);
    assert_eq!(run.code, Some(0), "{run}");
    // A file that was damaged is not used, and does not hinder.
    std::fs::write(kept(&gate), "{}").expect("a file");
    let status = gate.run(["advisories", "status", "--message-format", "json"]).json();
    assert_eq!(status["used"]["origin"], "variable", "{status}");
    assert!(status["considered"][1]["problem"].is_string(), "{status}");
    assert_eq!(update(&gate, &from).code, Some(0));
}
