//! Evidence that somebody else wrote: it lies where the gate keeps its own, and proves nothing.

use std::fs;
use std::path::Path;

use gate_tests::harness::Gate;

use super::kept_times::named;
use super::{assert_not_ready, assert_ready, package, write_with_kept_time};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory can be made");
    for entry in fs::read_dir(from)
        .expect("a directory")
        .map(|entry| entry.expect("an entry"))
    {
        let target = to.join(entry.file_name());
        let kind = entry.file_type().expect("a type");
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_file() {
            fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}

/// The same workspace on another machine: another home, and so another key.
fn elsewhere(gate: &Gate) -> Gate {
    let home = gate.workspace().join("../other-home");
    fs::create_dir_all(&home).expect("a directory can be made");
    let other = package();
    copy(
        &gate.workspace().join("target/gate"),
        &other.workspace().join("target/gate"),
    );
    other.env("HOME", &home).env("LOCALAPPDATA", &home)
}

#[test]
fn tracked_evidence_is_refused() {
    let gate = package();
    assert_ready(&gate.run(["pilot"]), "at first");
    for directory in ["store", "runs"] {
        gate.git(["add", "--force", &format!("target/gate/{directory}")]);
        gate.git(["commit", "--quiet", "--message", "Track evidence"]);
        let run = gate.run(["pilot"]);
        assert_eq!(run.code, Some(2), "{run}");
        assert!(run.stderr.contains("evidence in a repository proves nothing"), "{run}");
        gate.git(["rm", "-r", "--quiet", "--cached", "target"]);
        gate.git(["commit", "--quiet", "--message", "Track it no more"]);
        assert_ready(&gate.run(["pilot"]), directory);
    }
}

#[test]
fn tracked_evidence_in_a_configured_directory_is_refused() {
    let gate = package();
    gate.write(".cargo/config.toml", "[build]\ntarget-dir = \"assets\"\n");
    gate.write(".gitignore", "/assets\n");
    gate.commit("Build elsewhere");
    assert_ready(&gate.run(["pilot"]), "at first");
    gate.git(["add", "--force", "assets/gate/store"]);
    gate.git(["commit", "--quiet", "--message", "Track evidence"]);
    assert_eq!(gate.run(["pilot"]).code, Some(2));
    assert_eq!(gate.run(["status"]).code, Some(2));
}

#[cfg(unix)]
#[test]
fn tracked_evidence_behind_a_link_is_refused() {
    let gate = package();
    fs::create_dir(gate.workspace().join("assets")).expect("a directory can be made");
    std::os::unix::fs::symlink("assets", gate.workspace().join("target")).expect("a link can be made");
    gate.write(".gitignore", "/target\n/assets\n");
    gate.commit("Link the target directory");
    assert_ready(&gate.run(["pilot"]), "at first");
    gate.git(["add", "--force", "assets/gate/store"]);
    gate.git(["commit", "--quiet", "--message", "Track evidence"]);
    assert_eq!(gate.run(["pilot"]).code, Some(2));
}

#[cfg(unix)]
#[test]
fn evidence_behind_a_link_is_refused() {
    let gate = package();
    assert_ready(&gate.run(["pilot"]), "at first");
    // Tracked, where no one looks for evidence.
    let (own, assets) = (gate.workspace().join("target/gate"), gate.workspace().join("assets"));
    fs::create_dir(&assets).expect("a directory can be made");
    let entries = |directory: &Path| -> Vec<String> {
        let entries = fs::read_dir(directory).expect("a directory");
        entries
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
            .collect()
    };
    let shard = entries(&own.join("store/evidence")).remove(0);
    let run = entries(&own.join("runs"))
        .into_iter()
        .find(|name| name != "latest")
        .expect("a run");
    let mut places = entries(&own);
    places.extend([
        format!("store/evidence/{shard}"),
        format!("runs/{run}"),
        "store/blobs".into(),
    ]);
    assert!(
        ["store", "runs", "marks", "history.jsonl", "index", "tmp"]
            .iter()
            .all(|name| places.iter().any(|place| place == name)),
        "{places:?}"
    );
    for place in places {
        let (path, moved) = (own.join(&place), assets.join("moved"));
        fs::rename(&path, &moved).expect("it can be moved");
        std::os::unix::fs::symlink(&moved, &path).expect("a link can be made");
        for command in ["pilot", "status", "verify"] {
            let run = gate.run([command]);
            assert_eq!(run.code, Some(2), "{place}: {run}");
            // Names of runs are not shown in tests.
            let said = format!("`target/gate/{}", place.split('/').next().unwrap_or_default());
            let said = run.stderr.contains(&said)
                && run
                    .stderr
                    .contains("is a link, and evidence behind a link proves nothing");
            assert!(said, "{place}: {run}");
        }
        fs::remove_file(&path).expect("the link can be removed");
        fs::rename(&moved, &path).expect("it can be moved back");
    }
    assert_ready(&gate.run(["pilot"]), "when everything is back");
}

#[test]
fn the_store_of_another_machine_does_not_count() {
    let gate = package();
    assert_ready(&gate.run(["pilot"]), "at first");
    let other = elsewhere(&gate);
    let plan = other.run(["pilot", "--plan"]);
    assert!(plan.stdout.contains(", 0 reused,"), "{plan}");
}

#[test]
fn machines_that_share_a_key_share_evidence() {
    let key = "0123456789abcdef0123456789abcdef";
    let gate = package().env("CARGO_GATE_EVIDENCE_KEY", key);
    assert_ready(&gate.run(["pilot"]), "at first");
    let other = elsewhere(&gate).env("CARGO_GATE_EVIDENCE_KEY", key);
    let plan = other.run(["pilot", "--plan"]);
    assert!(!plan.stdout.contains(", 0 reused,"), "{plan}");
    let short = other.finish(
        other
            .gate_command()
            .arg("pilot")
            .env("CARGO_GATE_EVIDENCE_KEY", "short"),
    );
    assert_eq!(short.code, Some(2), "{short}");
}

/// An old binary that passes is no evidence of new sources: not now, not after a touch, and not where the evidence is shared.
#[test]
fn what_an_old_binary_would_pass_is_not_kept() {
    let key = "0123456789abcdef0123456789abcdef";
    let gate = package().env("CARGO_GATE_EVIDENCE_KEY", key);
    assert_ready(&gate.run(["pilot"]), "at first");
    let wrong = gate.read("src/lib.rs").replace("    42\n", "    41\n");
    write_with_kept_time(&gate.workspace().join("src/lib.rs"), &wrong);
    gate.commit("Change, and keep the time");
    assert_not_ready(&gate.run(["pilot"]), "with the old time");
    gate.write("src/lib.rs", &wrong);
    assert_not_ready(&gate.run(["pilot"]), "touched");
    let other = elsewhere(&gate).env("CARGO_GATE_EVIDENCE_KEY", key);
    other.write("src/lib.rs", &wrong);
    other.commit("Change");
    assert_not_ready(&other.run(["pilot"]), "in a clone that shares the evidence");
}

/// Neither a test nor a build script could keep the key, and mark evidence of its own making.
#[test]
fn code_that_is_judged_does_not_see_the_key() {
    const ASSERTION: &str = "assert_eq!(std::env::var_os(\"CARGO_GATE_EVIDENCE_KEY\"), None);";
    let gate = package();
    let script = gate
        .read("build.rs")
        .replacen("fn main() {", &format!("fn main() {{\n    {ASSERTION}"), 1);
    assert!(script.contains(ASSERTION), "{script}");
    gate.write("build.rs", &script);
    gate.write(
        "tests/key.rs",
        format!("//! Sees no key.\n\n#[test]\nfn sees_no_key() {{\n    {ASSERTION}\n}}\n"),
    );
    gate.commit("Look for the key");
    let gate = gate.env("CARGO_GATE_EVIDENCE_KEY", "0123456789abcdef0123456789abcdef");
    assert_ready(&gate.run(["pilot"]), "the key is withheld");
}

#[test]
fn a_target_directory_from_elsewhere_is_built_again() {
    let gate = package();
    assert_ready(&gate.run(["pilot"]), "at first");
    // As a cache restores it: built from other sources, and newer than those that are here.
    let other = package();
    write_with_kept_time(
        &other.workspace().join("src/lib.rs"),
        &other.read("src/lib.rs").replace("    42\n", "    41\n"),
    );
    other.commit("Change");
    fs::remove_dir_all(gate.workspace().join("target/gate")).expect("evidence can be removed");
    fs::rename(gate.workspace().join("target"), other.workspace().join("target")).expect("a directory can be moved");
    assert_not_ready(&other.run(["pilot"]), "a target directory of other sources");
}

/// Two checkouts of one workspace, the second built last: a wrong older one, and the good one.
fn wrong_and_good() -> (Gate, Gate) {
    let wrong = package();
    wrong.replace("src/lib.rs", "    42\n", "    41\n");
    wrong.commit("Change");
    (wrong, package())
}

#[test]
fn checkouts_that_share_a_target_directory_share_no_binaries() {
    for configured in [false, true] {
        let (wrong, good) = wrong_and_good();
        let shared = good.workspace().join("../shared");
        let in_shared = |gate: Gate| {
            if !configured {
                return gate.env("CARGO_TARGET_DIR", &shared);
            }
            let text = format!("[build]\ntarget-dir = '{}'\n", shared.display());
            gate.write(".cargo/config.toml", text);
            gate.commit("Build elsewhere");
            gate
        };
        let (wrong, good) = (in_shared(wrong), in_shared(good));
        assert_ready(&good.run(["pilot"]), "the good one");
        assert_not_ready(&wrong.run(["pilot"]), "the wrong one, with the same target directory");
        assert_ready(&good.run(["pilot", "--fresh"]), "the good one again");
        assert_not_ready(&wrong.run(["pilot", "--fresh"]), "the wrong one again");
    }
}

#[test]
fn the_target_directory_of_another_checkout_is_built_again() {
    for whole in [true, false] {
        let (wrong, good) = wrong_and_good();
        assert_ready(&good.run(["pilot"]), "the good one");
        let (from, to) = (good.workspace().join("target"), wrong.workspace().join("target"));
        if whole {
            fs::rename(from, to).expect("a directory can be moved");
        } else {
            // The wrong one has its own record, and then the profile of the other.
            assert_not_ready(&wrong.run(["pilot"]), "the wrong one");
            fs::remove_dir_all(to.join("debug")).expect("a directory can be removed");
            fs::rename(from.join("debug"), to.join("debug")).expect("a directory can be moved");
        }
        assert_not_ready(
            &wrong.run(["pilot", "--fresh"]),
            "the wrong one, with what the other built",
        );
    }
}

/// The normal case costs nothing: one checkout with a target directory of its own.
#[test]
fn what_this_checkout_built_is_not_built_again() {
    let gate = package();
    assert_ready(&gate.run(["pilot"]), "at first");
    assert_ready(&gate.run(["pilot", "--fresh"]), "again");
    let logs = named(&gate.workspace().join("target/gate/runs"), "workspace.log");
    let compiled = logs.iter().filter(|log| {
        let log = fs::read_to_string(log).expect("a log");
        log.contains("Compiling app")
    });
    assert_eq!((logs.len(), compiled.count()), (2, 1));
}

#[test]
fn a_run_of_another_machine_opens_no_stage() {
    let gate = package();
    assert_ready(&gate.run(["pilot"]), "at first");
    assert_ready(&gate.run(["controlled"]), "the next stage, on the same machine");
    let fresh = package();
    assert_ready(&fresh.run(["pilot"]), "on its own machine");
    let other = elsewhere(&fresh);
    let run = other.run(["controlled"]);
    assert_not_ready(&run, "a run of another machine");
    assert!(
        run.stdout
            .contains("another machine made it, and its decision is not signed"),
        "{run}"
    );
}
