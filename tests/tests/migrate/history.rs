//! A history that moves: every step, what fails in each, and the way back.

use std::collections::BTreeMap;
use std::fs;

use gate_tests::gate;
use gate_tests::harness::{Gate, Run};
use serde_json::{Value, json};

/// The first event violates an invariant in both versions, the second one only in the first.
pub(crate) const EVENTS: &str =
    "{\"amount\":-5,\"id\":1}\n{\"amount\":7,\"id\":2,\"note\":\"\"}\n{\"amount\":3,\"id\":3}\n";
pub(crate) const MIGRATED: &str = "{\"cents\":-500,\"id\":1,\"v\":2}\n{\"cents\":700,\"id\":2,\"note\":null,\"v\":2}\n{\"cents\":300,\"id\":3,\"v\":2}\n";

pub(crate) fn command(words: &[&str]) -> String {
    let helper = env!("CARGO_BIN_EXE_migration-commands-under-test").replace('\\', "/");
    let quoted: Vec<String> = std::iter::once(helper.as_str())
        .chain(words.iter().copied())
        .map(|word| format!("\"{word}\""))
        .collect();
    format!("[{}]", quoted.join(", "))
}

/// The declaration, with other lines for some keys; an empty line takes a key out.
pub(crate) fn declared(home: &str, other: &[(&str, &str)]) -> String {
    let mut lines = BTreeMap::from([
        ("from", "1".to_owned()),
        ("to", "2".to_owned()),
        ("timeout", "\"30s\"".to_owned()),
    ]);
    for (key, word) in [
        ("migrate", "up"),
        ("inverse", "down"),
        ("invariants", "invariants"),
        ("replay", "replay"),
        ("pause", "pause"),
        ("resume", "resume"),
    ] {
        lines.insert(key, command(&[word]));
    }
    if home == "file" {
        lines.insert("history", "\"events.ndjson\"".to_owned());
    } else {
        for key in ["export", "switch", "switch-back"] {
            lines.insert(key, command(&[key]));
        }
    }
    for (key, value) in other {
        lines.insert(key, (*value).to_owned());
    }
    let lines: String = lines
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| format!("{key} = {value}\n"))
        .collect();
    format!("version = 1\n\n[stage.pilot]\nscope = \"one service\"\n\n[[migration]]\nname = \"orders\"\n{lines}")
}

/// A workspace with a history in a file, or in what stands for a database.
pub(crate) fn with_history(home: &str, other: &[(&str, &str)]) -> Gate {
    let gate = gate!()
        .file(
            "Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n",
        )
        .file(
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n",
        )
        .file("src/lib.rs", "")
        .file("gate.toml", &declared(home, other));
    gate.write(file(home), EVENTS);
    gate
}

pub(crate) fn file(home: &str) -> &'static str {
    if home == "file" { "events.ndjson" } else { "db.ndjson" }
}

pub(crate) fn migrate(gate: &Gate, what: &str) -> Run {
    gate.run(["release", "migrate", what, "orders"])
}

fn json_of(gate: &Gate, what: &str) -> (Option<i32>, Value) {
    let run = gate.run(["release", "migrate", what, "orders", "--message-format", "json"]);
    (run.code, run.json())
}

pub(crate) fn is_paused(gate: &Gate) -> bool {
    gate.workspace().join("paused").exists()
}

/// Every file outside the target directory.
fn tree(gate: &Gate) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(gate.workspace()).expect("the workspace").flatten() {
        let path = entry.path();
        if path.is_file() {
            found.insert(
                entry.file_name().to_string_lossy().into_owned(),
                fs::read(path).expect("a file"),
            );
        }
    }
    found
}

/// The record of the last cutover or rollback; null without one.
pub(crate) fn record(gate: &Gate) -> Value {
    let path = gate.workspace().join("target/gate/migrations/orders/cutover.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap_or_default()).unwrap_or_default()
}

/// The names below the directory of the migration.
fn left(gate: &Gate) -> Vec<String> {
    let entries = fs::read_dir(gate.workspace().join("target/gate/migrations/orders")).expect("the directory");
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn valid(schema: &str, value: &Value) {
    let path = xtask::project_root().join("docs/schema").join(schema);
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).expect("the schema")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn a_dry_run_judges_and_writes_its_artifact_alone() {
    for home in ["file", "database"] {
        let gate = with_history(home, &[]);
        let before = tree(&gate);
        let (code, run) = json_of(&gate, "dry-run");
        assert_eq!(code, Some(0), "{run:#}");
        let mut after = tree(&gate);
        after.remove("calls");
        assert_eq!(after, before);
        assert_eq!(left(&gate), ["dry-run.json"]);
        let artifact: Value =
            serde_json::from_str(&gate.read("target/gate/migrations/orders/dry-run.json")).expect("JSON");
        valid("migration-dry-run.schema.json", &artifact);
        assert_eq!(artifact["version"], 1);
        assert_eq!(artifact["migration_id"], "orders-1-2");
        assert_eq!(
            (
                &artifact["ok"],
                &artifact["source_events"],
                &artifact["migrated_events"]
            ),
            (&json!(true), &json!(3), &json!(3))
        );
        let checks: Vec<&String> = artifact["preflight"].as_object().expect("checks").keys().collect();
        assert_eq!(checks.len(), 6);
        for check in checks {
            assert_eq!(artifact["preflight"][check]["ok"], true, "{check}");
            assert!(artifact["preflight"][check]["detail"].is_string());
        }
        assert_eq!(artifact["drift"]["newly_violated"], json!([]));
        assert_eq!(
            artifact["drift"]["resolved"],
            json!([{ "id": "note", "subject": "2", "detail": "the note is empty" }])
        );
        assert!(
            artifact["generated_at"]
                .as_str()
                .is_some_and(|time| time.ends_with('Z'))
        );
    }
}

#[test]
fn every_check_of_the_preflight_can_fail() {
    let down = command(&["down"]);
    for (check, other, history) in [
        ("to_valid", &[("to", "1")][..], EVENTS),
        ("migration_exists", &[("replay", "[\"no-such-program\"]")], EVENTS),
        ("version_forward", &[("from", "3")], EVENTS),
        ("history_integrity", &[], "{\"amount\":1,\"id\":1}\n{\"amount\":1,"),
        ("history_integrity", &[], ""),
        (
            "replay_verification",
            &[("replay", down.as_str()), ("timeout", "\"30s\"")],
            "{\"id\":\"x\"}\nnothing\n",
        ),
    ] {
        let gate = with_history("file", other);
        gate.write("events.ndjson", history);
        let (code, run) = json_of(&gate, "dry-run");
        assert_eq!(code, Some(1), "{check}: {run:#}");
        assert_eq!(
            (&run["ok"], &run["preflight"][check]["ok"]),
            (&json!(false), &json!(false)),
            "{run:#}"
        );
        assert_eq!(run["migrated_events"], 0);
        let (code, run) = json_of(&gate, "cutover");
        assert_eq!((code, &run["begun"]), (Some(1), &json!(false)));
        assert_eq!(gate.read("events.ndjson"), history);
        assert!(!gate.workspace().join("resumed").exists(), "nothing was paused");
    }
    // The version that the history has is known from the cutover.
    let gate = with_history("file", &[]);
    assert_eq!(migrate(&gate, "cutover").code, Some(0));
    let (code, run) = json_of(&gate, "cutover");
    assert_eq!(code, Some(1));
    assert_eq!(run["dry_run"]["preflight"]["from_valid"]["ok"], false, "{run:#}");
}

#[test]
fn a_cutover_records_its_boundaries_and_goes_back_exactly() {
    for home in ["file", "database"] {
        let gate = with_history(home, &[]);
        let (code, made) = json_of(&gate, "cutover");
        assert_eq!(code, Some(0), "{made:#}");
        let made = record(&gate);
        valid("migration-cutover.schema.json", &made);
        assert_eq!(gate.read(file(home)), MIGRATED);
        let times: Vec<&str> = ["paused_at", "verified_at", "switched_at", "resumed_at"]
            .iter()
            .map(|at| made[*at].as_str().expect("a time"))
            .collect();
        assert!(times.is_sorted() && times[0] < times[3], "{times:?}");
        assert!(!is_paused(&gate));
        if home == "file" {
            let kept = made["kept"].as_str().expect("the original");
            assert_eq!(gate.read(kept), EVENTS);
        }
        let (code, back) = json_of(&gate, "rollback");
        assert_eq!(code, Some(0), "{back:#}");
        assert_eq!(gate.read(file(home)), EVENTS);
        assert_eq!(
            record(&gate)["after"],
            made["before"],
            "the history before is the history after"
        );
        assert_ne!(made["before"]["sha256"], made["after"]["sha256"]);
        assert!(!is_paused(&gate));
        // And once more, from the start.
        assert_eq!(migrate(&gate, "cutover").code, Some(0));
        assert_eq!(gate.read(file(home)), MIGRATED);
        assert_eq!(left(&gate), ["cutover.json", "dry-run.json", "journal"]);
    }
}

#[test]
fn events_that_arrive_are_migrated_both_ways_if_that_is_exact() {
    let gate = with_history("file", &[]);
    assert_eq!(migrate(&gate, "dry-run").code, Some(0));
    // Between the dry run and the pause.
    gate.append("events.ndjson", "{\"amount\":2,\"id\":4}\n");
    assert_eq!(migrate(&gate, "cutover").code, Some(0));
    let migrated = format!("{MIGRATED}{{\"cents\":200,\"id\":4,\"v\":2}}\n");
    assert_eq!(gate.read("events.ndjson"), migrated);
    // An event of the new version that the old one has a form for.
    gate.append("events.ndjson", "{\"cents\":900,\"id\":5,\"v\":2}\n");
    assert_eq!(migrate(&gate, "rollback").code, Some(0));
    assert_eq!(
        gate.read("events.ndjson"),
        format!("{EVENTS}{{\"amount\":2,\"id\":4}}\n{{\"amount\":9,\"id\":5}}\n")
    );
    // One that it has none for: nothing changes, and nothing is paused for it.
    assert_eq!(migrate(&gate, "cutover").code, Some(0));
    gate.append("events.ndjson", "{\"cents\":150,\"id\":6,\"v\":2}\n");
    let history = gate.read("events.ndjson");
    let calls = gate.read("calls").matches("pause").count();
    let run = migrate(&gate, "rollback");
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("there is no exact way back"), "{run}");
    assert_eq!(gate.read("events.ndjson"), history);
    assert_eq!(gate.read("calls").matches("pause").count(), calls);
}

#[test]
fn without_an_exact_inverse_or_a_cutover_there_is_no_rollback() {
    let gate = with_history("file", &[("inverse", "")]);
    let run = migrate(&gate, "rollback");
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("no cutover is recorded"), "{run}");
    assert_eq!(migrate(&gate, "cutover").code, Some(0));
    let run = migrate(&gate, "rollback");
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("no `inverse` is declared"), "{run}");
    assert_eq!(gate.read("events.ndjson"), MIGRATED);
    // One that gives something else is not accepted in the first place.
    let gate = with_history("file", &[("inverse", &command(&["up"]))]);
    gate.write("events.ndjson", "{\"amount\":2,\"cents\":1,\"id\":4}\n");
    let run = migrate(&gate, "cutover");
    assert_eq!(run.code, Some(1), "{run}");
    assert_eq!(gate.read("events.ndjson"), "{\"amount\":2,\"cents\":1,\"id\":4}\n");
}

#[test]
fn what_a_migration_newly_violates_fails_it() {
    let gate = with_history("file", &[]);
    let history = "{\"amount\":5000,\"id\":1}\n";
    gate.write("events.ndjson", history);
    let (code, run) = json_of(&gate, "dry-run");
    assert_eq!(code, Some(1));
    assert_eq!(
        run["drift"]["newly_violated"],
        json!([{ "id": "limit", "subject": "1", "detail": "more than 100000 cents" }])
    );
    let run = migrate(&gate, "cutover");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("newly violates `limit` for 1"), "{run}");
    assert_eq!(gate.read("events.ndjson"), history);
}

#[test]
fn a_step_that_fails_leaves_the_history_and_resumes() {
    // Calls: `up` twice in the dry run and twice while the system is paused, `export` and `replay` likewise.
    for (home, fault, switched) in [
        ("file", "up 1 before fail", false),
        ("file", "up 1 after garbage", false),
        ("file", "pause 1 before fail", false),
        ("file", "pause 1 after fail", false),
        ("file", "pause 1 before hang", false),
        ("file", "up 3 before fail", false),
        ("file", "up 4 after garbage", false),
        ("file", "invariants 3 before fail", false),
        ("file", "invariants 4 after garbage", false),
        ("file", "replay 6 before append", false),
        ("file", "resume 1 before fail", true),
        ("database", "export 2 before fail", false),
        ("database", "switch 1 before fail", false),
        ("database", "switch 1 after fail", false),
        ("database", "export 4 before fail", false),
        ("database", "resume 1 before fail", true),
    ] {
        let limit = if fault.ends_with("hang") { "\"1s\"" } else { "\"30s\"" };
        let gate = with_history(home, &[("timeout", limit)]);
        gate.write("fault", fault);
        let run = migrate(&gate, "cutover");
        let told = || format!("{home}: {fault}: {run}\n{}", gate.read("calls"));
        assert_eq!(run.code, Some(1), "{}", told());
        let history = gate.read(file(home));
        if switched {
            assert_eq!(history, MIGRATED, "{}", told());
        } else {
            assert!(history.starts_with(EVENTS), "{}", told());
        }
        let paused = gate.read("calls").contains("pause");
        assert_eq!(gate.read("calls").contains("resume"), paused, "{}", told());
        // The next command finishes what could not be resumed, and the history can be migrated after all.
        let status = migrate(&gate, "status");
        assert_eq!(status.code, Some(0), "{}\n{status}", told());
        assert!(!is_paused(&gate), "{}", told());
        if !switched {
            gate.remove("fault");
            let again = migrate(&gate, "cutover");
            assert_eq!(again.code, Some(0), "{}\n{again}", told());
        }
        assert!(gate.read(file(home)).starts_with(MIGRATED));
    }
}

#[test]
fn what_a_command_says_is_shown_without_its_secrets() {
    let gate = with_history("file", &[]);
    gate.write("fault", "pause 1 before fail");
    let run = migrate(&gate, "cutover");
    assert!(
        run.stderr.contains("`pause` ended with exit code 9: asked to fail"),
        "{run}"
    );
    let token = gate_tests::planted::value("github_token");
    gate.write(
        "events.ndjson",
        format!("{{\"amount\":1,\"id\":\"{token}\",\"note\":\"\"}}\n"),
    );
    gate.remove("fault");
    let run = migrate(&gate, "dry-run");
    assert_eq!(run.code, Some(0), "{run}");
    assert!(!run.to_string().contains(&token), "{run}");
    assert!(!gate.read("target/gate/migrations/orders/dry-run.json").contains(&token));
}

#[test]
fn what_is_written_after_the_switch_is_neither_lost_nor_accepted() {
    // Nothing can judge the event that came: without `replay` a person must.
    let gate = with_history("database", &[("replay", "")]);
    gate.write("fault", "switch 1 after append");
    let (code, made) = json_of(&gate, "cutover");
    assert_eq!((code, &made["outcome"]), (Some(1), &json!("unresolved")), "{made:#}");
    assert!(made["resumed_at"].is_string() && !is_paused(&gate), "{made:#}");
    let history = format!("{MIGRATED}{{\"amount\":7,\"id\":99}}\n");
    assert_eq!(gate.read("db.ndjson"), history);
    for what in ["cutover", "rollback"] {
        let run = migrate(&gate, what);
        assert_eq!(run.code, Some(3), "{run}");
        assert_eq!(gate.read("db.ndjson"), history);
    }
    let status = migrate(&gate, "status");
    assert_eq!(status.code, Some(1), "{status}");
    assert!(status.stdout.contains("OPEN"), "{status}");
    // A stage does not pass meanwhile.
    let stage = |gate: &Gate| {
        let report = gate.run(["pilot", "--no-suites", "--message-format", "json"]).json();
        let checks = report["checks"].as_array().expect("checks").clone();
        let check = checks.into_iter().find(|check| check["id"] == "release.migrations");
        check.expect("the check")["outcome"].clone()
    };
    assert_eq!(stage(&gate), "fail");
    // Who makes the history what it was has resolved it.
    gate.write("db.ndjson", EVENTS);
    assert_eq!(migrate(&gate, "status").code, Some(0));
    assert_eq!(stage(&gate), "pass");
    assert_eq!(migrate(&gate, "cutover").code, Some(0));
}

#[test]
fn a_journal_that_cannot_be_read_is_reported_and_stops_everything() {
    let gate = with_history("file", &[]);
    assert_eq!(migrate(&gate, "cutover").code, Some(0));
    gate.write("target/gate/migrations/orders/journal", "forged");
    for what in ["status", "dry-run", "cutover", "rollback"] {
        let run = migrate(&gate, what);
        assert_eq!(run.code, Some(3), "{run}");
    }
    assert_eq!(gate.read("events.ndjson"), MIGRATED);
}
