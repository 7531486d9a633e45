//! Artifacts are promoted by proof: a release made them, of content that a run judged, and they go one state at a time.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use gate_tests::gate;
use gate_tests::harness::{Gate, Run};

use super::fixture::output;

/// A workspace that is ready for controlled, with a program, and its release.
fn released() -> Gate {
    let gate = gate!().fixture("good").file("native/src/main.rs", "fn main() {}\n");
    gate.append(
        "gate.toml",
        "\n[release]\nstage = \"pilot\"\nprofile = \"dev\"\npackage = \"native\"\n",
    );
    let gate = gate.git_init();
    let made = gate.run(["release", "--dry-run"]);
    assert_eq!(made.code, Some(0), "{made}");
    gate
}

fn archive(gate: &Gate) -> PathBuf {
    let mut files = fs::read_dir(output(gate))
        .expect("a release")
        .flatten()
        .map(|entry| entry.path());
    let is_program = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name.ends_with(".tar.gz") || name.ends_with(".zip")) && !name.contains("licences")
    };
    files.find(is_program).expect("an archive")
}

fn promote(gate: &Gate, artifact: &str, to: &str) -> Run {
    gate.run([
        "govern",
        "promote",
        artifact,
        "--to",
        to,
        "--by",
        "ada",
        "--reason",
        "a test",
        "--registry",
        "target/registry.jsonl",
    ])
}

fn lines(gate: &Gate) -> usize {
    fs::read_to_string(gate.workspace().join("target/registry.jsonl")).map_or(0, |text| text.lines().count())
}

#[test]
fn an_artifact_goes_one_state_at_a_time_and_back() {
    let gate = released();
    let archive = archive(&gate);
    let archive = archive.to_str().expect("a path");
    let refused = |to: &str, because: &str| {
        let before = lines(&gate);
        let run = promote(&gate, archive, to);
        assert_eq!(run.code, Some(1), "{because}: {run}");
        assert!(run.stderr.contains(because), "{because}: {run}");
        assert_eq!(lines(&gate), before);
    };
    let accepted = |to: &str, said: &str| {
        let run = promote(&gate, archive, to);
        assert_eq!(run.code, Some(0), "{run}");
        assert!(run.stderr.contains(said), "{said}: {run}");
    };
    refused("broad", "goes from none to broad, which skips pilot");
    refused("archived", "goes from none to archived, which skips pilot");
    accepted("pilot", "from none to pilot by run");
    accepted("pilot", "Unchanged");
    refused("broad", "goes from pilot to broad, which skips controlled");
    refused("controlled", "was built from content that no run judged for controlled");
    let controlled = gate.run(["controlled"]);
    assert_eq!(controlled.code, Some(0), "{controlled}");
    // The run that judged what it was built from counts, whatever the tree is now.
    gate.write("NOTES.md", "more\n");
    accepted("controlled", "from pilot to controlled by run");
    accepted("pilot", "Rolled back");
    accepted("controlled", "from pilot to controlled by run");
    assert_eq!(lines(&gate), 4);
    let none = promote(&gate, archive, "none");
    assert_eq!(none.code, Some(2), "{none}");
}

#[test]
fn what_no_release_made_is_not_promoted() {
    let gate = released();
    // A file made by hand, with an old date.
    gate.write("target/app", "the program");
    let file = fs::File::options()
        .write(true)
        .open(gate.workspace().join("target/app"))
        .expect("a file");
    file.set_modified(SystemTime::UNIX_EPOCH).expect("a time");
    let run = promote(&gate, "target/app", "pilot");
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr
            .contains("`target/app` was not made by a release of this workspace"),
        "{run}"
    );

    // A receipt that lists it does not help: it is not the one that the release wrote.
    let receipt = output(&gate).join("receipt.json");
    let text = fs::read_to_string(&receipt).expect("a receipt");
    let own = gate_base::digest::sha256_hex(&fs::read(archive(&gate)).expect("an archive"));
    fs::write(
        &receipt,
        text.replace(&own, &gate_base::digest::sha256_hex(b"the program")),
    )
    .expect("written");
    assert_eq!(promote(&gate, "target/app", "pilot").code, Some(1));
    fs::write(&receipt, text).expect("written");

    // Another byte is another artifact.
    let archive = archive(&gate);
    let mut bytes = fs::read(&archive).expect("an archive");
    let genuine = bytes.clone();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&archive, bytes).expect("written");
    let run = promote(&gate, archive.to_str().expect("a path"), "pilot");
    assert_eq!(run.code, Some(1), "{run}");
    fs::write(&archive, genuine).expect("written");
    assert_eq!(lines(&gate), 0);
}

#[test]
fn a_registry_that_was_changed_stops_every_promotion() {
    let gate = released();
    let all = |to: &str| {
        gate.run([
            "govern",
            "promote",
            "--all-candidates",
            "--to",
            to,
            "--by",
            "ada",
            "--reason",
            "a test",
            "--registry",
            "target/registry.jsonl",
        ])
    };
    let run = all("pilot");
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(lines(&gate), 1);
    let run = all("pilot");
    assert!(run.code == Some(0) && run.stderr.contains("Unchanged"), "{run}");
    assert_eq!(gate.run(["controlled"]).code, Some(0));
    assert_eq!(all("controlled").code, Some(0));
    let whole = gate.read("target/registry.jsonl");
    for (from, to, because) in [
        (
            "\"by\":\"ada\"",
            "\"by\":\"eve\"",
            "line 2: does not follow the line before it",
        ),
        (
            "\"to\":\"pilot\"",
            "\"to\":\"broad\"",
            "line 1: goes from none to broad, which skips pilot",
        ),
        (
            "\"from\":\"pilot\"",
            "\"from\":\"controlled\"",
            "line 2: starts from controlled, but the artifact is in pilot",
        ),
    ] {
        gate.write("target/registry.jsonl", whole.replacen(from, to, 1));
        let run = all("controlled");
        assert_eq!(run.code, Some(2), "{run}");
        assert!(run.stderr.contains(because), "{because}: {run}");
    }
    let less: String = whole.lines().skip(1).map(|line| format!("{line}\n")).collect();
    gate.write("target/registry.jsonl", less);
    assert_eq!(all("controlled").code, Some(2), "a line that is gone");

    // The end alone: every line that is left follows the one before it. This takes back a rollback.
    gate.write("target/registry.jsonl", &whole);
    assert_eq!(all("pilot").code, Some(0), "rolled back");
    let rolled_back = gate.read("target/registry.jsonl");
    assert!(
        rolled_back.ends_with('\n') && rolled_back.contains("rolled_back"),
        "{rolled_back}"
    );
    gate.write("target/registry.jsonl", &whole);
    let run = all("controlled");
    assert_eq!(run.code, Some(2), "{run}");
    assert!(
        run.stderr
            .contains("does not have event 3, which was recorded on this machine"),
        "{run}"
    );
    // Nor does it help to remove what the machine recorded, or to name a copy.
    fs::remove_dir_all(gate.workspace().join("target/gate/registries")).expect("removed");
    let run = all("controlled");
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("so events may be missing"), "{run}");
    // Where the registry is tracked, the commit holds its end.
    gate.write("target/registry.jsonl", &rolled_back);
    gate.git(["add", "--force", "target/registry.jsonl"]);
    gate.commit("Promotions");
    gate.write("target/registry.jsonl", &whole);
    let run = promote(&gate, "gate.toml", "pilot");
    assert_eq!(run.code, Some(2), "{run}");
    assert!(
        run.stderr
            .contains("does not begin with the events of the commit that is checked out"),
        "{run}"
    );
}

#[test]
fn no_candidates_without_a_release() {
    let gate = gate!().fixture("good").git_init();
    let run = gate.run([
        "govern",
        "promote",
        "--all-candidates",
        "--to",
        "pilot",
        "--by",
        "ada",
        "--reason",
        "a test",
    ]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(
        run.stderr
            .contains("no candidates: there is no release of the current content"),
        "{run}"
    );
}

#[test]
fn a_bundle_for_a_stage_needs_its_decision() {
    let gate = gate!().fixture("good").git_init();
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    let bundle = |stage: &str| gate.run(["evidence", "bundle", "--out", "target/run.tar.gz", "--ready-for", stage]);
    let early = bundle("controlled");
    assert_eq!(early.code, Some(1), "{early}");
    assert!(
        early
            .stderr
            .contains("decided READY for pilot, and controlled needs READY"),
        "{early}"
    );
    assert_eq!(bundle("pilot").code, Some(0));
    gate.remove("target/run.tar.gz");
    gate.write("NOTES.md", "more\n");
    let other = bundle("pilot");
    assert_eq!(other.code, Some(1), "{other}");
    assert!(
        other.stderr.contains("judged other content than the present"),
        "{other}"
    );
    assert!(!gate.workspace().join("target/run.tar.gz").exists());
}
