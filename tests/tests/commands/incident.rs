//! An incident is explained from what a run left behind.

use insta::assert_snapshot;

use super::*;

const LOG: &str = "decision_log.jsonl";

#[test]
fn a_run_says_what_its_kernels_did() {
    let gate = gate!().fixture("decision-log.valid/clean").git_init();
    let log = gate.run(["explain", LOG]);
    assert_snapshot!("incident-log", log);
    let run = gate.run(["pilot", "--keep-going", "--message-format", "json"]).json();
    let runs = gate.workspace().join("target/gate/runs");
    let id = std::fs::read_dir(&runs)
        .expect("a run")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .find(|name| name != "latest")
        .expect("a run");
    let outcome = run["checks"]
        .as_array()
        .and_then(|checks| checks.iter().find(|check| check["id"] == "decision-log.valid"))
        .map(|check| check["outcome"].clone());
    assert_eq!(outcome, Some("pass".into()), "{run:#}");

    // The log may be gone by then: the run keeps what explains it.
    gate.remove(LOG);
    let told = gate.run(["explain", &id]);
    assert_eq!(told.code, Some(0), "{told}");
    assert!(told.stdout.contains(&log.stdout), "{told}");
    let elsewhere = gate.workspace().join("run of yesterday");
    std::fs::rename(runs.join(&id), &elsewhere).expect("a run directory");
    let by_path = gate.run(["explain", "run of yesterday"]);
    assert!(by_path.stdout.contains(&log.stdout), "{by_path}");

    // What was altered explains nothing.
    let kept = "run of yesterday/dispatches/decision-log-1.json";
    gate.replace(kept, "no_native_variant", "no_driver");
    let altered = gate.run(["explain", "run of yesterday"]);
    assert_eq!(altered.code, Some(3), "{altered}");
    assert!(altered.stderr.contains("was modified after the run"), "{altered}");
    gate.remove(kept);
    let gone = gate.run(["explain", "run of yesterday"]);
    assert_eq!(gone.code, Some(3), "{gone}");
}

#[test]
fn a_file_of_something_else_is_refused() {
    let gate = good();
    let run = gate.run(["explain", "Cargo.toml"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("is neither a decision log nor run stats"), "{run}");
}
