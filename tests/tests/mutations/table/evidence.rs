//! What is below the target directory: the store, the history, runs, marks and the index of digests.

use std::fs;
use std::path::{Path, PathBuf};

use gate_tests::harness::Gate;

use super::row::{BROAD, CONTROLLED, PILOT, Row, row};

/// A change below the target directory that takes the stage before away.
fn lost(what: &str, stage: &'static str, apply: impl Fn(&Gate) + Send + 'static) -> Row {
    row(what, stage, "stage.predecessor", apply).uncommitted()
}

/// A change of the store while tests fail: what is kept must not say otherwise.
fn kept(what: &str, apply: impl Fn(&Path) + Send + 'static) -> Row {
    row(
        format!("break the tests and {what}"),
        PILOT,
        "suite.test.logic",
        move |gate| {
            gate.replace("logic/src/lib.rs", "saturating_add(1)", "saturating_add(2)");
            gate.commit("Break the tests");
            // What this content gave is in the store now, beside what the good content gave.
            let red = gate.run([PILOT, "--keep-going"]);
            assert_eq!(red.code, Some(1), "{red}");
            apply(&gate.workspace().join("target/gate"));
        },
    )
    .uncommitted()
}

/// The files below a directory, sorted.
pub(super) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(directory) else {
        return found;
    };
    for entry in entries {
        let path = entry.expect("an entry").path();
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => found.extend(files(&path)),
            Ok(metadata) if metadata.is_file() => found.push(path),
            _ => {}
        }
    }
    found.sort();
    found
}

fn replace_bytes(path: &Path, from: &str, to: &str) -> bool {
    let bytes = fs::read(path).expect("a file");
    let text = String::from_utf8_lossy(&bytes);
    let found = text.contains(from);
    if found {
        // Bytes that are no text stay what they are.
        let mut out = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some(at) = rest.windows(from.len()).position(|part| part == from.as_bytes()) {
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(to.as_bytes());
            rest = &rest[at + from.len()..];
        }
        out.extend_from_slice(rest);
        fs::write(path, out).expect("a file can be written");
    }
    found
}

/// Swaps what two entries of the store hold, for each pair.
fn rotate(directory: &Path) {
    let entries = files(directory);
    let mut contents: Vec<Vec<u8>> = entries.iter().map(|path| fs::read(path).expect("an entry")).collect();
    contents.rotate_left(1);
    for (path, bytes) in entries.iter().zip(contents) {
        fs::write(path, bytes).expect("an entry can be written");
    }
}

fn history(change: fn(&str) -> String) -> impl Fn(&Gate) + Send + 'static {
    move |gate| {
        let text = gate.read("target/gate/history.jsonl");
        gate.write("target/gate/history.jsonl", change(&text));
    }
}

/// The text without lines that hold this.
fn without(text: &str, part: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.contains(part)).collect()
}

/// A part of the gate directory that is tracked elsewhere, and linked.
fn linked(part: &'static str, stage: &'static str) -> Row {
    row(format!("link `{part}` from elsewhere"), stage, "", move |gate| {
        let own = gate.workspace().join("target/gate").join(part);
        let elsewhere = gate.workspace().join("assets");
        fs::rename(&own, &elsewhere).expect("a move");
        std::os::unix::fs::symlink(&elsewhere, &own).expect("a link");
    })
    .ends(2)
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = histories();
    rows.extend(store());
    rows
}

fn histories() -> Vec<Row> {
    vec![
        lost("delete the history", CONTROLLED, |gate| {
            gate.remove("target/gate/history.jsonl");
        }),
        lost("empty the history", BROAD, history(|_| String::new())),
        lost("delete all runs", CONTROLLED, |gate| {
            fs::remove_dir_all(gate.workspace().join("target/gate/runs")).expect("runs");
        }),
        lost("delete the marks of runs", BROAD, |gate| {
            for path in files(&gate.workspace().join("target/gate")) {
                let name = path
                    .strip_prefix(gate.workspace())
                    .expect("below")
                    .display()
                    .to_string();
                if name.contains("/marks/") {
                    fs::remove_file(path).expect("a mark");
                }
            }
        }),
        lost(
            "cut the last line of the history",
            CONTROLLED,
            history(|text| text[..text.len() - 9].to_owned()),
        ),
        lost(
            "write garbage into the history",
            CONTROLLED,
            history(|text| format!("{text}not json\n")),
        ),
        lost(
            "cut the history to its first half",
            BROAD,
            history(|text| text[..text.len() / 2].to_owned()),
        ),
        lost(
            "take the lines of `controlled` out of the history",
            BROAD,
            history(|text| without(text, "\"controlled\"")),
        ),
        lost(
            "turn the history around",
            BROAD,
            history(|text| text.split_inclusive('\n').rev().collect()),
        ),
        lost(
            "write the last line of the history twice",
            BROAD,
            history(|text| format!("{text}{}", text.split_inclusive('\n').next_back().unwrap_or_default())),
        ),
        lost(
            "rename the decisions in the history",
            BROAD,
            history(|text| text.replace("READY", "NOT_READY")),
        ),
        lost(
            "change a content in the history",
            BROAD,
            history(|text| text.replace("\"content\":\"", "\"content\":\"0")),
        ),
        lost(
            "change a chain in the history",
            BROAD,
            history(|text| text.replace("\"chain\":\"", "\"chain\":\"0")),
        ),
        lost(
            "set the history into the future",
            CONTROLLED,
            history(|text| text.replace("\"started\":\"20", "\"started\":\"21")),
        ),
        lost(
            "set the history into the past",
            BROAD,
            history(|text| text.replace("\"started\":\"20", "\"started\":\"19")),
        ),
        lost("write a run of `controlled` by hand", BROAD, |gate| {
            gate.append("docs/guide.md", "\nMore.\n");
            gate.commit("More");
            let text = gate.read("target/gate/history.jsonl");
            let line = text
                .lines()
                .rfind(|line| line.contains("\"controlled\""))
                .expect("a run")
                .to_owned();
            gate.write("target/gate/history.jsonl", format!("{text}{line}\n"));
        }),
        lost("rename the run of `pilot` to `controlled`", BROAD, |gate| {
            let runs = gate.workspace().join("target/gate/runs");
            for path in files(&runs) {
                replace_bytes(&path, "\"stage\": \"controlled\"", "\"stage\": \"pilot\"");
            }
        }),
        lost("copy a run over another", BROAD, |gate| {
            let runs = gate.workspace().join("target/gate/runs");
            let mut names: Vec<PathBuf> = fs::read_dir(&runs)
                .expect("runs")
                .map(|entry| entry.expect("an entry").path())
                .filter(|path| !path.ends_with("latest"))
                .collect();
            names.sort();
            for path in files(&names[0]) {
                let file = path.strip_prefix(&names[0]).expect("below");
                for other in &names[1..] {
                    fs::create_dir_all(other.join(file).parent().expect("a directory")).expect("a directory");
                    fs::copy(&path, other.join(file)).expect("a copy");
                }
            }
        }),
        linked("runs", CONTROLLED),
        linked("store", PILOT),
        linked("store/evidence", BROAD),
        linked("marks", CONTROLLED),
        linked("history.jsonl", BROAD),
        linked("index", PILOT),
        linked("status", CONTROLLED),
        row("track the store", PILOT, "", |gate| {
            drop(gate.git(["add", "--force", "target/gate/store"]));
        })
        .ends(2)
        .uncommitted(),
        row("track the runs", CONTROLLED, "", |gate| {
            drop(gate.git(["add", "--force", "target/gate/runs"]));
        })
        .ends(2)
        .uncommitted(),
        row("track the history", BROAD, "", |gate| {
            drop(gate.git(["add", "--force", "target/gate/history.jsonl"]));
        })
        .ends(2)
        .uncommitted(),
        row("put a file in the place of the gate directory", PILOT, "", |gate| {
            fs::remove_dir_all(gate.workspace().join("target/gate")).expect("a directory");
            gate.write("target/gate", "");
        })
        .ends(3)
        .uncommitted(),
    ]
}

fn store() -> Vec<Row> {
    vec![
        kept("swap what the store holds", |gate| rotate(&gate.join("store"))),
        kept("say `passed` in the store", |gate| {
            for path in files(&gate.join("store")) {
                replace_bytes(&path, "1 failed", "0 failed");
                replace_bytes(&path, "\"failed\":1", "\"failed\":0");
                replace_bytes(&path, "FAILED", "ok....");
            }
        }),
        kept("say nothing in the store", |gate| {
            for path in files(&gate.join("store")) {
                replace_bytes(&path, "\"findings\":[{", "\"findings\":[],\"x\":[{");
            }
        }),
        kept("cut what the store holds", |gate| {
            for path in files(&gate.join("store")) {
                let bytes = fs::read(&path).expect("an entry");
                fs::write(&path, &bytes[..bytes.len() / 2]).expect("an entry");
            }
        }),
        kept("empty what the store holds", |gate| {
            for path in files(&gate.join("store")) {
                fs::write(&path, "").expect("an entry");
            }
        }),
        kept("delete the store", |gate| {
            fs::remove_dir_all(gate.join("store")).expect("a store");
        }),
        kept("delete everything but the store", |gate| {
            for entry in fs::read_dir(gate).expect("a directory") {
                let path = entry.expect("an entry").path();
                if path.is_file() {
                    fs::remove_file(path).expect("a file");
                }
            }
        }),
        kept("flip a bit in every file that is kept", |gate| {
            for path in files(gate) {
                let mut bytes = fs::read(&path).expect("a file");
                let middle = bytes.len() / 2;
                if let Some(byte) = bytes.get_mut(middle) {
                    *byte ^= 1;
                    fs::write(&path, bytes).expect("a file");
                }
            }
        }),
        kept("cut every file that is kept", |gate| {
            for path in files(gate) {
                let bytes = fs::read(&path).expect("a file");
                fs::write(&path, &bytes[..bytes.len() / 3]).expect("a file");
            }
        }),
        row(
            "break the tests and bring the store back from before",
            PILOT,
            "suite.test.logic",
            |gate| {
                gate.replace("logic/src/lib.rs", "saturating_add(1)", "saturating_add(2)");
            },
        ),
        row(
            "break the tests and run them by hand first",
            PILOT,
            "suite.test.logic",
            |gate| {
                let built = std::process::Command::new("cargo")
                    .args([
                        "test",
                        "--quiet",
                        "--package",
                        "logic",
                        "--lib",
                        "--locked",
                        "--offline",
                    ])
                    .env_remove("CARGO_TARGET_DIR")
                    .current_dir(gate.workspace())
                    .output()
                    .expect("cargo can be started");
                assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
                let path = gate.workspace().join("logic/src/lib.rs");
                let time = fs::metadata(&path).and_then(|meta| meta.modified()).expect("a time");
                gate.replace("logic/src/lib.rs", "saturating_add(1)", "saturating_add(2)");
                let file = fs::File::options().append(true).open(&path).expect("a source");
                file.set_modified(time).expect("a time can be set");
            },
        ),
        row(
            "break the tests and replace the binary that runs them",
            PILOT,
            "suite.test.logic",
            |gate| {
                gate.replace("logic/src/lib.rs", "saturating_add(1)", "saturating_add(2)");
                let built = gate.workspace().join("target/debug/deps");
                let future = std::time::SystemTime::now() + std::time::Duration::from_secs(3600);
                for path in files(&built) {
                    let touched = fs::File::options().append(true).open(&path);
                    touched
                        .and_then(|file| file.set_modified(future))
                        .expect("a time can be set");
                }
            },
        ),
    ]
}
