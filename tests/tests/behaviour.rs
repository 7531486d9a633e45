//! What holds over several runs: the same inputs give the same decision, an interrupted or concurrent run loses nothing,
//! and nothing outside the target directory is written.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use gate_tests::gate;
use gate_tests::harness::Gate;
use serde_json::Value;

fn ready_for_controlled() -> Gate {
    let gate = gate!().fixture("good").git_init();
    for stage in ["pilot", "controlled"] {
        let run = gate.run([stage]);
        assert_eq!(run.code, Some(0), "{run}");
    }
    gate
}

/// `decision.json` of the newest run without what differs from run to run: its id, times and durations.
fn decision(gate: &Gate) -> Value {
    let mut value: Value = serde_json::from_str(&gate.read("target/gate/runs/latest/decision.json")).expect("JSON");
    forget_times(&mut value);
    value
}

fn forget_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            // Confidence counts the runs before this one.
            for name in ["run_id", "started", "duration_ms", "recorded", "confidence"] {
                fields.remove(name);
            }
            fields.values_mut().for_each(forget_times);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_times),
        _ => {}
    }
}

/// Every file of the workspace outside the target directory and git's own, with its bytes.
fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, directory: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(root).expect("below").display().to_string();
            if path.is_dir() {
                if name != "target" && name != ".git" {
                    found.insert(format!("{name}/"), Vec::new());
                    walk(root, &path, found);
                }
            } else {
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(root, root, &mut found);
    found
}

#[test]
fn the_same_commit_gets_the_same_decision() {
    let gate = ready_for_controlled();
    let mut decisions = Vec::new();
    for arguments in [
        ["broad", "--color=never"],
        ["broad", "--color=never"],
        ["broad", "--fresh"],
    ] {
        let run = gate.run(arguments);
        assert_eq!(run.code, Some(0), "{run}");
        decisions.push(decision(&gate));
    }
    assert_eq!(
        decisions[0], decisions[1],
        "reused evidence decides as new evidence does"
    );
    assert_eq!(decisions[1], decisions[2]);
    assert_eq!(decisions[0]["decision"], "READY");

    // The same commit elsewhere: the place is no input.
    let elsewhere = ready_for_controlled();
    let run = elsewhere.run(["broad"]);
    assert_eq!(run.code, Some(0), "{run}");
    let here = serde_json::to_string_pretty(&decisions[0]).expect("JSON");
    let there = serde_json::to_string_pretty(&decision(&elsewhere)).expect("JSON");
    assert_eq!(here, there);
}

/// Ids that a plan of `broad` would run, sorted: they are planned in the order of their groups.
fn to_run(gate: &Gate) -> Vec<String> {
    let run = gate.run(["broad", "--plan", "--message-format", "json"]);
    assert_eq!(run.code, Some(0), "{run}");
    let plan = run.json();
    let items = plan["items"].as_array().expect("items").clone();
    let mut ids: Vec<String> = items
        .iter()
        .filter(|item| item["action"] == "run" && !item["fingerprint"].is_null())
        .map(|item| item["id"].as_str().expect("an id").to_owned())
        .collect();
    ids.sort();
    ids
}

/// The first two read the history with the clock, which is never the same; the last one was judged for controlled, and reads
/// the stage.
const EACH_TIME: &[&str] = &["history.consistent", "stage.predecessor", "supply.advisories"];

#[test]
fn only_what_read_a_changed_file_runs_again() {
    let gate = ready_for_controlled();
    assert_eq!(to_run(&gate), EACH_TIME);
    for (path, expected) in [
        (
            ".gitignore",
            [
                "docs.links",
                "git.clean",
                "paths.local",
                "secrets.tracked",
                "suite.tool.format",
            ]
            .as_slice(),
        ),
        (
            // The checks of boundaries and `ci.locked` read the names of all files, to see where other packages begin.
            "README.md",
            &[
                "boundary.inventory",
                "boundary.raw",
                "boundary.safety",
                "ci.locked",
                "docs.links",
                "git.clean",
                "paths.local",
                "secrets.tracked",
                "suite.tool.format",
            ],
        ),
        (
            "Cargo.toml",
            &[
                "git.clean",
                "lockfile.sources",
                "paths.local",
                "profile.release",
                "secrets.tracked",
                "suite.test.logic",
                "suite.tool.format",
                "toolchain.msrv",
            ],
        ),
        // A comment there changes nothing that anybody reads.
        (
            "rust-toolchain.toml",
            &["git.clean", "paths.local", "secrets.tracked", "suite.tool.format"],
        ),
        (
            "native/src/lib.rs",
            &[
                "boundary.inventory",
                "boundary.raw",
                "boundary.safety",
                "git.clean",
                "paths.local",
                "secrets.tracked",
                "suite.tool.format",
            ],
        ),
    ] {
        let before = fs::read(gate.workspace().join(path)).unwrap_or_default();
        let comment = if path.ends_with(".rs") {
            "// More.\n"
        } else {
            "# More\n"
        };
        gate.write(path, [before.as_slice(), comment.as_bytes()].concat());
        let mut expected = [EACH_TIME, expected].concat();
        expected.sort_unstable();
        assert_eq!(to_run(&gate), expected, "{path}");
        gate.git(["reset", "--quiet", "--hard"]);
        gate.git(["clean", "--quiet", "--force", "-d"]);
        assert_eq!(to_run(&gate), EACH_TIME, "{path}, undone");
    }
}

#[test]
fn nothing_outside_the_target_directory_is_written() {
    let gate = gate!().fixture("good").git_init();
    let before = tree(gate.workspace());
    let home = gate.workspace().parent().expect("a parent").join("home");
    for arguments in [
        ["pilot", "--verbose"].as_slice(),
        &["controlled"],
        &["broad", "--fresh"],
        &["status"],
        &["suite", "--all"],
        &["source", "boundaries"],
        &["verify"],
        &["evidence", "history"],
        &["doctor"],
        &["evidence", "cache", "gc"],
    ] {
        let run = gate.run(arguments);
        assert_eq!(run.code, Some(0), "{run}");
    }
    assert_eq!(tree(gate.workspace()), before);
    // Apart from the key of this machine, which is no part of any workspace.
    let left = tree(&home);
    let expected = |path: &str| path.ends_with('/') || path.ends_with("cargo-gate/evidence.key");
    assert!(left.keys().all(|path| expected(path)), "{left:?}");
}

#[test]
fn no_lockfile_is_made_or_edited() {
    let manifest = "[package]\nname = \"sample\"\nversion = \"0.2.0\"\nedition = \"2024\"\n";
    let sources = |gate: Gate| {
        gate.file("Cargo.toml", manifest)
            .file("src/lib.rs", "#[test]\nfn passes() {}\n")
    };
    let without = sources(gate!()).file(".gitignore", "/target\n").git_init();
    let run = without.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(!without.workspace().join("Cargo.lock").exists(), "{run}");

    // The comment is one that cargo would drop.
    let stale = "# Ours.\nversion = 3\n\n[[package]]\nname = \"sample\"\nversion = \"0.1.0\"\n";
    let with = sources(gate!())
        .file("Cargo.lock", stale)
        .file(".gitignore", "/target\n")
        .git_init();
    for arguments in [["pilot", "--keep-going"], ["suite", "--all"], ["broad", "--keep-going"]] {
        let run = with.run(arguments);
        assert_ne!(run.code, Some(0), "{run}");
        assert_eq!(with.read("Cargo.lock"), stale, "{run}");
    }
}

#[test]
fn two_gates_at_once_both_succeed() {
    let gate = gate!().fixture("good").git_init();
    let children: Vec<_> = ["pilot", "pilot", "pilot"]
        .into_iter()
        .map(|stage| {
            gate.gate_command()
                .arg(stage)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the binary can be started")
        })
        .collect();
    for child in children {
        let run = gate.ended(&child.wait_with_output().expect("it ends"));
        assert_eq!(run.code, Some(0), "{run}");
    }
    let verified = gate.run(["verify"]);
    assert_eq!(verified.code, Some(0), "{verified}");
    assert!(verified.stdout.contains("3 runs checked, 0 problems"), "{verified}");
}

/// A suite of the sample workspace whose test is this code.
fn with_test(body: &str) -> Gate {
    gate!()
        .file(
            "Cargo.toml",
            "[package]\nname = \"sample\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        )
        .file(
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"sample\"\nversion = \"0.1.0\"\n",
        )
        .file(".gitignore", "/target\n/traces\n")
        .file("src/lib.rs", &format!("#[test]\nfn it() {{\n{body}\n}}\n"))
        .git_init()
}

#[test]
fn the_exit_status_of_a_suite_is_preserved() {
    let gate = with_test("std::process::exit(23)").file(
        "gate.toml",
        "version = 1\n\n[stage.pilot]\nscope = \"one\"\n\n[[suite.test]]\nname = \"it\"\ncommand = [\"cargo\", \"run\", \
         \"--quiet\", \"--locked\"]\nformat = \"exit-code\"\n",
    );
    gate.write("src/main.rs", "fn main() {\n    std::process::exit(23)\n}\n");
    let run = gate.run(["pilot", "--message-format", "json"]);
    assert_eq!(run.code, Some(1), "{run}");
    let report = run.json();
    let suite = report["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .find(|check| check["id"] == "suite.test.it");
    let suite = suite.expect("the suite");
    assert_eq!(suite["outcome"], "fail", "{run}");
    assert_eq!(suite["evidence"]["suite"]["exit_code"], 23, "{run}");
}

/// The test of the suite tells its process id and then waits for ever, on a pipe that nobody writes to.
#[cfg(unix)]
const WAITING: &str = r#"
    let traces = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("traces");
    if traces.join("done").exists() {
        return;
    }
    let fifo = std::fs::OpenOptions::new().write(true).open(traces.join("fifo")).unwrap();
    use std::io::{Read as _, Write as _};
    writeln!(&fifo, "{}", std::process::id()).unwrap();
    let (mut reader, _writer) = std::io::pipe().unwrap();
    reader.read_to_end(&mut Vec::new()).unwrap();
"#;

#[cfg(unix)]
#[test]
fn an_interrupted_run_ends_what_it_started_and_loses_nothing() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Command;

    let gate = with_test(WAITING);
    let traces = gate.workspace().join("traces");
    fs::create_dir(&traces).expect("a directory");
    let made = Command::new("mkfifo").arg(traces.join("fifo")).status();
    assert!(made.is_ok_and(|status| status.success()), "a named pipe can be made");
    let child = gate
        .gate_command()
        .arg("pilot")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary can be started");
    // Opening and reading block until the test has started and told who it is; it holds the other end open.
    let fifo = fs::File::open(traces.join("fifo")).expect("a named pipe");
    let mut fifo = BufReader::new(fifo);
    let mut pid = String::new();
    fifo.read_line(&mut pid).expect("a process id");
    assert!(alive(pid.trim()), "the test waits");

    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.is_ok_and(|status| status.success()));
    let run = gate.ended(&child.wait_with_output().expect("it ends"));
    assert_eq!(run.code, Some(130), "{run}");
    assert_eq!(run.stdout, "", "{run}");
    // Its end of the pipe is closed when the process is gone, and not before: this read returns because it is.
    assert_eq!(fifo.read_line(&mut String::new()).expect("the end"), 0);

    let verified = gate.run(["evidence", "history"]);
    assert_eq!(verified.code, Some(0), "an interrupted run is no run: {verified}");
    assert!(!gate.workspace().join("target/gate/runs/latest").exists());
    fs::write(traces.join("done"), "").expect("a file");
    let again = gate.run(["pilot"]);
    assert_eq!(again.code, Some(0), "{again}");
    assert!(again.stdout.contains("reused"), "what was complete is reused: {again}");
    let verified = gate.run(["verify"]);
    assert_eq!(verified.code, Some(0), "{verified}");
}

#[cfg(unix)]
fn alive(pid: &str) -> bool {
    let asked = std::process::Command::new("kill").args(["-0", pid]).status();
    asked.is_ok_and(|status| status.success())
}
