//! Contents that change while modification times do not, so that cargo takes what it built before for current.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use gate_tests::harness::Gate;

use super::{assert_not_ready, assert_ready, package, write_with_kept_time};

/// A policy with one suite.
pub(super) fn with_suite(gate: &Gate, suite: &str) {
    gate.write(
        "gate.toml",
        format!("version = 1\n\n[stage.pilot]\nscope = \"one service\"\n\n{suite}"),
    );
    gate.commit("Declare a suite");
}

/// A policy with one suite of tests: its command, and further keys.
fn with_tests(gate: &Gate, command: &str, keys: &str) {
    with_suite(
        gate,
        &format!("[[suite.test]]\nname = \"unit\"\ncommand = [{command}]\n{keys}"),
    );
}

/// Ready; then the library is wrong, with its old time, and the gate is not.
fn notices_an_old_time(gate: &Gate, between: impl FnOnce(), what: &str) {
    assert_ready(&gate.run(["pilot"]), what);
    between();
    let file = gate.workspace().join("src/lib.rs");
    write_with_kept_time(&file, &gate.read("src/lib.rs").replace("    42\n", "    41\n"));
    gate.commit("Change, and keep the time");
    assert_not_ready(&gate.run(["pilot"]), what);
}

/// Every file of this name below a directory, not looking behind links.
pub(super) fn named(directory: &Path, name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(named(&path, name));
        } else if path.file_name().is_some_and(|other| other == name) {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_unit_that_claims_to_begin_in_the_future_is_built_again() {
    let gate = package();
    let later = SystemTime::now() + Duration::from_secs(3600);
    let target = gate.workspace().join("target");
    let between = || {
        for path in named(&target, "invoked.timestamp") {
            let file = File::options().write(true).open(path).expect("a time stamp of cargo");
            file.set_modified(later).expect("a time can be set");
        }
    };
    notices_an_old_time(&gate, between, "a time stamp in the future");
}

#[test]
fn a_profile_may_have_the_name_of_any_directory() {
    for profile in ["gate", "incremental"] {
        let gate = package();
        gate.append("Cargo.toml", &format!("\n[profile.{profile}]\ninherits = \"dev\"\n"));
        let command = format!("\"cargo\", \"test\", \"--locked\", \"--profile\", \"{profile}\"");
        with_tests(&gate, &command, "");
        notices_an_old_time(&gate, || {}, profile);
    }
}

#[test]
fn build_directories_are_found_wherever_they_are_named() {
    let test = "\"cargo\", \"test\", \"--locked\"";
    let gate = package();
    gate.append(".gitignore", "/out\n");
    gate.write("sub/.cargo/config.toml", "[build]\ntarget-dir = \"../out\"\n");
    gate.write("other/cargo.toml", "[build]\ntarget-dir = \"out\"\n");
    let rows = [
        (
            "a value of `--config`",
            format!("{test}, \"--config\", \"build.target-dir='out'\""),
            "",
        ),
        (
            "a file of `--config`",
            format!("{test}, \"--config=other/cargo.toml\""),
            "",
        ),
        ("configuration of a directory", test.to_owned(), "directory = \"sub\"\n"),
        ("a variable", format!("\"env\", \"CARGO_TARGET_DIR=out\", {test}"), ""),
    ];
    for (what, command, keys) in rows
        .iter()
        .filter(|(_, command, _)| cfg!(unix) || !command.contains("\"env\""))
    {
        with_tests(&gate, command, keys);
        notices_an_old_time(&gate, || {}, what);
        gate.replace("src/lib.rs", "    41\n", "    42\n");
        gate.commit("Take it back");
    }
    assert!(gate.workspace().join("out").is_dir(), "none built there");
}

/// What no command names is no evidence, whatever the times.
#[test]
fn tests_from_an_unknown_directory_are_inconclusive() {
    let gate = package();
    gate.append(".gitignore", "/out\n");
    gate.write(
        ".cargo/config.toml",
        "[alias]\nelsewhere = [\"test\", \"--locked\", \"--target-dir\", \"out\"]\n",
    );
    with_tests(&gate, "\"cargo\", \"elsewhere\"", "");
    let run = gate.run(["pilot"]);
    assert_not_ready(&run, "an alias");
    assert!(
        run.stdout
            .contains("from a build directory that the command does not name"),
        "{run}"
    );
    with_tests(
        &gate,
        "\"cargo\", \"test\", \"--locked\", \"--target-dir\", \"out\"",
        "",
    );
    assert_ready(&gate.run(["pilot"]), "the directory is named");
}

#[test]
fn clippy_looks_at_sources_with_their_old_time() {
    let gate = package();
    with_suite(
        &gate,
        "[[suite.test]]\nname = \"unit\"\ncommand = [\"cargo\", \"test\", \"--locked\"]\n\n[[suite.tool]]\nname = \
         \"clippy\"\ntool = \"clippy\"\n",
    );
    assert_ready(&gate.run(["pilot"]), "at first");
    let file = gate.workspace().join("src/lib.rs");
    let wrong = gate.read("src/lib.rs").replace("    42\n", "    42 / (2 - 2)\n");
    write_with_kept_time(&file, &wrong);
    gate.commit("Change, and keep the time");
    let run = gate.run(["suite", "clippy"]);
    assert_eq!(run.code, Some(1), "{run}");
}

/// nextest is no part of the toolchain, and it builds with the same cargo: where it is not installed, there is nothing to see.
#[test]
fn nextest_runs_no_binary_of_other_sources() {
    let installed = std::process::Command::new("cargo")
        .args(["nextest", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    let runner = if installed { "\"nextest\", \"run\"" } else { "\"test\"" };
    let gate = package();
    with_tests(&gate, &format!("\"cargo\", {runner}, \"--locked\""), "");
    notices_an_old_time(&gate, || {}, "nextest");
}

/// A file, what it says, and what it says when it is wrong.
const EDITS: &[(&str, &str, &str)] = &[
    ("src/lib.rs", "    42\n", "    41\n"),
    ("tests/it.rs", "app::answer(), 42", "app::answer(), 41"),
    ("part/src/lib.rs", "= 42", "= 41"),
    ("data/included.txt", "42", "41"),
    ("data/generated.txt", "42", "41"),
];

#[test]
fn a_source_with_its_old_time_is_built_again() {
    let gate = package();
    assert_ready(&gate.run(["pilot"]), "at first");
    for (path, right, wrong) in EDITS {
        let good = gate.read(path);
        let file = gate.workspace().join(path);
        write_with_kept_time(&file, &good.replace(right, wrong));
        gate.commit("Change, and keep the time");
        assert_not_ready(&gate.run(["pilot"]), path);
        assert_not_ready(&gate.run(["pilot", "--fresh"]), path);
        write_with_kept_time(&file, &good);
        gate.commit("Take it back, and keep the time");
        assert_ready(&gate.run(["pilot", "--fresh"]), path);
    }
}

#[test]
fn a_file_that_is_moved_into_place_is_built_again() {
    let gate = package();
    let (source, other) = (gate.workspace().join("src/lib.rs"), gate.workspace().join("../lib.rs"));
    fs::write(&other, gate.read("src/lib.rs").replace("    42\n", "    41\n")).expect("a file can be written");
    let old = fs::metadata(&source).and_then(|meta| meta.modified()).expect("a time");
    File::options()
        .write(true)
        .open(&other)
        .and_then(|file| file.set_modified(old))
        .expect("a time can be set");
    assert_ready(&gate.run(["pilot"]), "at first");
    fs::rename(&other, &source).expect("a file can be moved");
    gate.commit("Move an older file into place");
    assert_not_ready(&gate.run(["pilot"]), "moved");
}

#[test]
fn what_somebody_built_by_hand_is_no_evidence_for_other_contents() {
    let gate = package();
    let file = gate.workspace().join("src/lib.rs");
    let good = gate.read("src/lib.rs");
    // Built from the right source by hand, then the wrong one comes with an old time.
    let built = std::process::Command::new("cargo")
        .args(["test", "--workspace", "--no-run", "--locked", "--offline"])
        .env_remove("CARGO_TARGET_DIR")
        .current_dir(gate.workspace())
        .output()
        .expect("cargo can be started");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    write_with_kept_time(&file, &good.replace("    42\n", "    41\n"));
    gate.commit("Change, and keep the time");
    assert_not_ready(&gate.run(["pilot"]), "the first run");
}

#[test]
fn a_vendored_source_is_built_again() {
    let gate = package();
    gate.write(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"vendored\"\n\n[source.vendored]\ndirectory = \"vendor\"\n",
    );
    let sum = "9".repeat(64);
    gate.write(
        "vendor/part/Cargo.toml",
        "[package]\nname = \"part\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    );
    gate.write("vendor/part/src/lib.rs", "pub const PART: u32 = 42;\n");
    gate.write(
        "vendor/part/.cargo-checksum.json",
        format!("{{\"files\":{{}},\"package\":\"{sum}\"}}"),
    );
    gate.replace("Cargo.toml", "{ path = \"part\" }", "\"0.1.0\"");
    gate.write(
        "Cargo.lock",
        format!(
            "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"part\",\n]\n\n\
             [[package]]\nname = \"part\"\nversion = \"0.1.0\"\nsource = \
             \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{sum}\"\n"
        ),
    );
    fs::remove_dir_all(gate.workspace().join("part")).expect("a directory can be removed");
    gate.commit("Vendor");
    assert_ready(&gate.run(["pilot"]), "at first");
    // Whatever its time: cargo never looks.
    gate.replace("vendor/part/src/lib.rs", "42", "41");
    gate.commit("Change what is vendored");
    assert_not_ready(&gate.run(["pilot"]), "vendored");
}

#[test]
fn a_workspace_without_a_lockfile_is_copied_by_content() {
    let gate = package();
    gate.remove("Cargo.lock");
    gate.commit("Remove the lockfile");
    let first = gate.run(["suite", "*"]);
    assert_eq!(first.code, Some(0), "{first}");
    write_with_kept_time(
        &gate.workspace().join("src/lib.rs"),
        &gate.read("src/lib.rs").replace("    42\n", "    41\n"),
    );
    let second = gate.run(["suite", "*"]);
    assert_eq!(second.code, Some(1), "{second}");
}
