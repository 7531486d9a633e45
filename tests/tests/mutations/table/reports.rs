//! Every file of the directory of a run, edited byte by byte and as a whole: `cargo gate verify` finds each.

use std::fs;
use std::path::{Path, PathBuf};

use gate_tests::harness::Gate;

use super::row::{BROAD, Row, row};

/// Files of every run.
const FILES: &[&str] = &[
    "manifest.json",
    "decision.json",
    "report.json",
    "report.md",
    "report.html",
    "hashes.json",
    "environment.json",
    "audit.jsonl",
    "redaction_audit.json",
    "suites/logic.log",
];

fn newest(gate: &Gate) -> PathBuf {
    fs::canonicalize(gate.workspace().join("target/gate/runs/latest")).expect("a run")
}

fn edit(path: &Path, edit: Edit) {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let edited = edit(bytes.clone());
    assert_ne!(bytes, edited, "{}", path.display());
    fs::write(path, edited).expect("a file of the run");
}

type Edit = fn(Vec<u8>) -> Vec<u8>;

/// What is done to each file.
const EDITS: &[(&str, Edit)] = &[
    ("change the first byte of", |mut bytes| {
        bytes[0] ^= 1;
        bytes
    }),
    ("change a byte in the middle of", |mut bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        bytes
    }),
    ("change the last byte of", |mut bytes| {
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        bytes
    }),
    ("add a blank to", |mut bytes| {
        bytes.push(b' ');
        bytes
    }),
    ("cut", |mut bytes| {
        bytes.truncate(bytes.len() / 2);
        bytes
    }),
    ("empty", |_| Vec::new()),
];

pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for file in FILES {
        for (what, change) in EDITS {
            rows.push(of_run(format!("{what} `{file}`"), move |run| {
                edit(&run.join(file), *change);
            }));
        }
        rows.push(of_run(format!("delete `{file}`"), move |run| {
            fs::remove_file(run.join(file)).expect("a file of the run");
        }));
    }
    rows.extend([
        of_run("rename `decision.json`", |run| {
            fs::rename(run.join("decision.json"), run.join("decision.bak")).expect("a move");
        }),
        of_run("swap the report and the decision", |run| {
            let (report, decision) = (run.join("report.json"), run.join("decision.json"));
            let bytes = fs::read(&report).expect("a report");
            fs::copy(&decision, &report).expect("a copy");
            fs::write(&decision, bytes).expect("a file");
        }),
        of_run("put a link in the place of the report", |run| {
            fs::rename(run.join("report.json"), run.join("../report.json")).expect("a move");
            std::os::unix::fs::symlink("../report.json", run.join("report.json")).expect("a link");
        }),
        of_run("add a directory", |run| {
            fs::create_dir(run.join("approvals")).expect("a directory");
        }),
        of_run("add a log", |run| {
            fs::write(run.join("suites/more.log"), "ok\n").expect("a file");
        }),
        of_run("rename the run", |run| {
            let name = run
                .file_name()
                .and_then(|name| name.to_str())
                .expect("a name")
                .replacen('2', "3", 1);
            fs::rename(run, run.with_file_name(name)).expect("a move");
        }),
        row("delete the newest run and keep its line", BROAD, "", |gate| {
            fs::remove_dir_all(newest(gate)).expect("a run");
        })
        .unverified(),
        row("delete an earlier run", BROAD, "", |gate| {
            let newest = newest(gate);
            let runs = newest.parent().expect("runs");
            let mut names: Vec<PathBuf> = fs::read_dir(runs)
                .expect("runs")
                .map(|entry| entry.expect("an entry").path())
                .filter(|path| !path.ends_with("latest"))
                .collect();
            names.sort();
            fs::remove_dir_all(&names[0]).expect("a run");
        })
        .unverified(),
        row(
            "take the line of an earlier run out of the history",
            BROAD,
            "",
            |gate| {
                let text = gate.read("target/gate/history.jsonl");
                gate.write(
                    "target/gate/history.jsonl",
                    text.split_inclusive('\n').skip(1).collect::<String>(),
                );
            },
        )
        .unverified(),
        row("rename a stage in the history", BROAD, "", |gate| {
            let text = gate.read("target/gate/history.jsonl");
            gate.write("target/gate/history.jsonl", text.replace("\"pilot\"", "\"broad\""));
        })
        .unverified(),
        row("swap two lines of the history", BROAD, "", |gate| {
            let text = gate.read("target/gate/history.jsonl");
            let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
            lines.swap(0, 1);
            gate.write("target/gate/history.jsonl", lines.concat());
        })
        .unverified(),
        row("change a decision in the history", BROAD, "", |gate| {
            let text = gate.read("target/gate/history.jsonl");
            gate.write(
                "target/gate/history.jsonl",
                text.replacen("\"READY\"", "\"NOT_READY\"", 1),
            );
        })
        .unverified(),
        row("point `latest` at an earlier run", BROAD, "", |gate| {
            let newest = newest(gate);
            let runs = newest.parent().expect("runs");
            let text = gate.read("target/gate/history.jsonl");
            let first: serde_json::Value =
                serde_json::from_str(text.lines().next().expect("a run")).expect("a line of JSON");
            fs::remove_file(runs.join("latest")).expect("a link");
            std::os::unix::fs::symlink(first["run_id"].as_str().expect("an id"), runs.join("latest")).expect("a link");
        })
        .unverified(),
    ]);
    rows
}

/// A change of the newest run.
fn of_run(what: impl Into<String>, apply: impl Fn(&Path) + Send + 'static) -> Row {
    row(what, BROAD, "", move |gate| apply(&newest(gate))).unverified()
}
