//! Mutations of what a run left behind, and of files behind the back of their times.

use std::fs::{self, File};
use std::path::PathBuf;

use gate_tests::gate;
use gate_tests::harness::Gate;
use gate_tests::keys::{FOREIGN, RELEASE, SECURITY};
use serde_json::Value;

use super::machine::{blocking, ready};

/// Directory of the newest run of a stage.
pub(crate) fn run_of(gate: &Gate, stage: &str) -> PathBuf {
    let runs = gate.workspace().join("target/gate/runs");
    let mut found: Vec<PathBuf> = fs::read_dir(&runs)
        .expect("runs")
        .map(|entry| entry.expect("an entry").path())
        .filter(|run| run.file_name().is_some_and(|name| name != "latest"))
        .filter(|run| {
            let manifest = fs::read_to_string(run.join("manifest.json")).unwrap_or_default();
            manifest.contains(&format!("\"stage\": \"{stage}\""))
        })
        .collect();
    found.sort();
    found.pop().expect("a run of the stage")
}

fn edit(file: &str, from: &str, to: &str, run: &std::path::Path) {
    let path = run.join(file);
    let text = fs::read_to_string(&path).expect("a file of the run");
    assert!(text.contains(from), "{file} has no `{from}`:\n{text}");
    fs::write(&path, text.replacen(from, to, 1)).expect("a file of the run can be written");
}

/// A regenerated `hashes.json`: every digest fits the files again, the chain stays what it was.
fn regenerate_hashes(run: &std::path::Path) {
    let path = run.join("hashes.json");
    let mut hashes: Value = serde_json::from_slice(&fs::read(&path).expect("hashes")).expect("JSON");
    let files = hashes["files"].as_object_mut().expect("files by name");
    for (name, hash) in files {
        let bytes = fs::read(run.join(name)).expect("a listed file");
        *hash = Value::from(gate_base::digest::sha256_hex(&bytes));
    }
    let text = serde_json::to_string_pretty(&hashes).expect("JSON") + "\n";
    fs::write(path, text).expect("hashes can be written");
}

/// Takes the directory of a run.
pub(crate) type Tampering = fn(&std::path::Path);

/// What is done to the directory of the run on which `broad` relies.
pub(crate) const TAMPERING: &[(&str, Tampering)] = &[
    ("edit a status", |run| {
        edit("decision.json", "\"outcome\": \"pass\"", "\"outcome\": \"fail\"", run);
    }),
    ("edit a status and the hashes", |run| {
        edit("decision.json", "\"outcome\": \"pass\"", "\"outcome\": \"warn\"", run);
        regenerate_hashes(run);
    }),
    ("edit the report", |run| edit("report.md", "READY", "ready", run)),
    ("edit a log", |run| {
        edit("suites/logic.log", "2 passed", "9 passed", run);
    }),
    ("edit the redaction audit", |run| {
        edit(
            "redaction_audit.json",
            "\"findings_count\": 0",
            "\"findings_count\": 1",
            run,
        );
    }),
    ("delete a listed artifact", |run| {
        fs::remove_file(run.join("suites/logic.log")).expect("a log");
    }),
    ("add a file", |run| {
        fs::write(run.join("approval.md"), "approved\n").expect("a file can be added");
    }),
    ("delete the hashes", |run| {
        fs::remove_file(run.join("hashes.json")).expect("hashes");
    }),
    ("delete a key from the decision", |run| {
        edit("decision.json", "\"blocker_precedence\"", "\"blockers\"", run);
    }),
    ("add a signature that is none", |run| {
        fs::write(run.join("decision.sig"), "approved\n").expect("a file can be added");
    }),
    ("name another policy", |run| {
        edit("manifest.json", "\"policy_sha256\": \"", "\"policy_sha256\": \"0", run);
    }),
];

/// A signature file from the two that approve, and what else there is: the block of a stranger, and one of an approver for
/// another run.
type Approvals = fn(&Blocks) -> String;

/// Blocks as `ssh-keygen -Y sign` writes them.
struct Blocks {
    first: String,
    second: String,
    stranger: String,
    of_another_run: String,
}

/// What stands in `decision.sig` of the run of `pilot`, where two approvals are required.
const APPROVALS: &[(&str, Approvals)] = &[
    ("remove one approval of two", |blocks| blocks.first.clone()),
    ("approve twice with the same key", |blocks| blocks.second.repeat(2)),
    ("have a stranger approve", |blocks| {
        blocks.first.clone() + &blocks.stranger
    }),
    ("take the approval of another run", |blocks| {
        blocks.first.clone() + &blocks.of_another_run
    }),
    ("add the approval of another run to enough", |blocks| {
        blocks.first.clone() + &blocks.second + &blocks.of_another_run
    }),
    ("have strangers approve alone", |blocks| blocks.stranger.repeat(2)),
];

#[test]
fn a_decision_without_all_its_approvals_opens_no_stage() {
    let gate = gate!().fixture("good").git_init();
    let policy = format!(
        "\n[decisions]\nauthorities = [\"{}\", \"{}\"]\napprovals = 2\nrequire-signature = \"pilot\"\n",
        RELEASE.public, SECURITY.public
    );
    gate.append("gate.toml", &policy);
    gate.commit("two approve");
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    let run = run_of(&gate, "pilot");
    let blocked = gate.run(["controlled", "--message-format", "json"]);
    assert!(blocking(&blocked.json()).contains("stage.predecessor"), "{blocked}");

    let text = |run: &std::path::Path| gate_evidence::signature::text(run).expect("the text of the run");
    let blocks = Blocks {
        first: RELEASE.private().sign(&text(&run)),
        second: SECURITY.private().sign(&text(&run)),
        stranger: FOREIGN.private().sign(&text(&run)),
        of_another_run: SECURITY.private().sign(&text(&run_of(&gate, "controlled"))),
    };
    let signature = run.join("decision.sig");
    let name = run.file_name().expect("an id").to_str().expect("a name").to_owned();
    for (what, approvals) in APPROVALS {
        fs::write(&signature, approvals(&blocks)).expect("a file of the run can be written");
        let verified = gate.run(["verify", &name]);
        assert_eq!(verified.code, Some(1), "{what}: {verified}");
        let asked = gate.run(["evidence", "ready", "--run", &name]);
        assert_eq!(asked.code, Some(1), "{what}: {asked}");
        let closed = gate.run(["govern", "closeout", &name]);
        assert_eq!(closed.code, Some(1), "{what}: {closed}");
        let red = gate.run(["controlled", "--message-format", "json"]);
        assert_eq!(red.code, Some(1), "{what}: {red}");
        assert!(blocking(&red.json()).contains("stage.predecessor"), "{what}: {red}");
    }
    // The stranger takes nothing from the two who approve.
    fs::write(
        &signature,
        format!("{}{}{}", blocks.stranger, blocks.second, blocks.first),
    )
    .expect("a signature");
    let verified = gate.run(["verify", &name]);
    assert_eq!(verified.code, Some(0), "{verified}");
    assert!(
        verified.stdout.contains("is not declared and does not count"),
        "{verified}"
    );
    let green = gate.run(["controlled"]);
    assert_eq!(green.code, Some(0), "{green}");
}

#[test]
fn a_run_that_was_tampered_with_opens_no_stage() {
    let gate = ready();
    let run = run_of(&gate, "controlled");
    // The predecessor of `broad` is the run of `controlled`; the later run of `broad` would count as well.
    let broad = run_of(&gate, "broad");
    for (name, tamper) in TAMPERING {
        let kept = [&run, &broad].map(|run| (run.clone(), contents(run)));
        for (run, _) in &kept {
            tamper(run);
        }
        let verified = gate.run(["verify"]);
        assert_eq!(verified.code, Some(1), "{name}: {verified}");
        let plan = gate.run(["broad", "--message-format", "json"]);
        assert_eq!(plan.code, Some(1), "{name}: {plan}");
        let report = plan.json();
        assert!(blocking(&report).contains("stage.predecessor"), "{name}: {plan}");

        for (run, files) in &kept {
            fs::remove_dir_all(run).expect("a run can be removed");
            for (path, bytes) in files {
                let path = run.join(path);
                fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
                fs::write(path, bytes).expect("a file can be written");
            }
        }
        let verified = gate.run(["verify"]);
        assert_eq!(verified.code, Some(0), "{name}, undone: {verified}");
    }
    let green = gate.run(["broad"]);
    assert_eq!(green.code, Some(0), "{green}");
}

fn contents(run: &std::path::Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for directory in [run.to_owned(), run.join("suites")] {
        for entry in fs::read_dir(&directory).expect("a directory of the run") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                let bytes = fs::read(&path).expect("a file of the run");
                found.push((path.strip_prefix(run).expect("below").to_owned(), bytes));
            }
        }
    }
    found
}

/// Ids that a plan of `broad` would run, apart from those that run each time.
fn to_run(gate: &Gate) -> Vec<String> {
    let run = gate.run(["broad", "--plan", "--message-format", "json"]);
    assert_eq!(run.code, Some(0), "{run}");
    let plan = run.json();
    let items = plan["items"].as_array().expect("items");
    items
        .iter()
        .filter(|item| item["action"] == "run")
        .map(|item| item["id"].as_str().expect("an id").to_owned())
        .filter(|id| id != "stage.predecessor" && id != "history.consistent")
        .filter(|id| gate_checks::find(id).is_none_or(|check| check.phase == gate_contract::Phase::Evidence))
        .collect()
}

#[test]
pub(crate) fn a_touched_file_runs_nothing_again() {
    let gate = ready();
    assert_eq!(to_run(&gate), [""; 0]);
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    let file = File::options()
        .append(true)
        .open(gate.workspace().join("logic/src/lib.rs"))
        .expect("a source");
    file.set_modified(later).expect("times can be set");
    assert_eq!(to_run(&gate), [""; 0]);
}

/// Windows keeps no time that programs cannot set.
#[cfg(unix)]
#[test]
pub(crate) fn a_change_behind_the_back_of_the_clock_is_noticed() {
    let gate = ready();
    let path = gate.workspace().join("logic/src/lib.rs");
    let modified = fs::metadata(&path).and_then(|meta| meta.modified()).expect("a time");
    gate.replace("logic/src/lib.rs", "saturating_add(1)", "saturating_add(2)");
    let file = File::options().append(true).open(&path).expect("a source");
    file.set_modified(modified).expect("times can be set");
    assert!(to_run(&gate).contains(&"suite.test.logic".to_owned()));
}

#[test]
fn evidence_that_was_tampered_with_is_made_anew() {
    let gate = ready();
    let mut damaged = 0;
    damage(&gate.workspace().join("target/gate/store"), &mut damaged);
    assert!(damaged > 10, "only {damaged} files are in the store");
    let run = gate.run(["broad", "--message-format", "json"]);
    assert_eq!(run.code, Some(0), "{run}");
    let report = run.json();
    let checks = report["checks"].as_array().expect("checks");
    assert!(
        checks.iter().all(|check| check["evidence"]["reused"] != true),
        "nothing damaged is reused: {run}"
    );
}

/// Flips one bit in the middle of every file.
fn damage(directory: &std::path::Path, damaged: &mut usize) {
    for entry in fs::read_dir(directory).expect("the store") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            damage(&path, damaged);
        } else {
            let mut bytes = fs::read(&path).expect("a file of the store");
            let middle = bytes.len() / 2;
            if let Some(byte) = bytes.get_mut(middle) {
                *byte ^= 1;
                fs::write(&path, bytes).expect("a file of the store");
                *damaged += 1;
            }
        }
    }
}

#[test]
fn a_home_directory_in_a_log_is_not_published() {
    let gate = gate!().fixture("good");
    gate.replace(
        "logic/src/lib.rs",
        "        assert_eq!(next(1), 2);\n",
        "        let home = std::env::home_dir().expect(\"a home directory\");\n        \
         eprintln!(\"read {}\", home.join(\"notes.txt\").display());\n        assert_eq!(next(1), 2);\n",
    );
    gate.replace("gate.toml", "\"--locked\"]", "\"--locked\", \"--\", \"--nocapture\"]");
    let gate = gate.git_init();
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
    let home = gate.workspace().parent().expect("a parent").join("home");
    let home = home.to_str().expect("a plain path");
    let mut logs = 0;
    for (path, bytes) in contents(&run_of(&gate, "pilot")) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(home), "{}: {text}", path.display());
        logs += usize::from(text.contains("notes.txt"));
    }
    assert!(logs > 0, "the log with the path is there");
}
