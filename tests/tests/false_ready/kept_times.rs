//! Contents that change while modification times do not, so that cargo takes what it built before for current.

use std::fs::{self, File};

use super::{assert_not_ready, assert_ready, package, write_with_kept_time};

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
