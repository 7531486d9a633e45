//! Manifests, lockfiles and other files that are broken, missing, unreadable, or strangely named.

use insta::assert_snapshot;

use gate_tests::gate;

use super::{LOCKFILE, MANIFEST, sample};

#[test]
fn manifests_that_are_broken_are_named() {
    let gate = sample().file("Cargo.toml", "[package\nname = 1\n").git_init();
    assert_snapshot!("manifest-broken", gate.run(["pilot"]));
    gate.write("Cargo.toml", "[workspace]\nmembers = [\"gone\"]\n");
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(
        run.stderr.contains("failed to read `[WORKSPACE]/gone/Cargo.toml`"),
        "{run}"
    );
    gate.write("Cargo.toml", b"[package]\n# \xff\n");
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(2), "{run}");
    gate.write("Cargo.toml", "");
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(2), "{run}");
    gate.write("Cargo.toml", MANIFEST);
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
}

#[test]
fn no_subcommand_needs_more_than_it_says_without_a_workspace() {
    let gate = gate!();
    for (arguments, code) in [
        (["pilot"].as_slice(), 2),
        (&["status"], 2),
        (&["verify"], 2),
        (&["evidence", "history"], 2),
        (&["suite", "--list"], 2),
        (&["source", "boundaries"], 2),
        (&["init"], 2),
        (&["explain", "pilot"], 0),
        (&["completions", "bash"], 0),
        (&["man", "target/man"], 0),
    ] {
        let run = gate.run(arguments);
        assert_eq!(run.code, Some(code), "{arguments:?}: {run}");
    }
}

#[test]
fn a_lockfile_from_the_future_is_no_pass() {
    let gate = sample()
        .file("Cargo.lock", &LOCKFILE.replace("version = 4", "version = 99"))
        .git_init();
    assert_snapshot!("lockfile-future", gate.run(["pilot"]));
    gate.write("Cargo.lock", b"\xff\xfe");
    gate.commit("Break the lockfile");
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(1), "{run}");
    gate.write("Cargo.lock", "<<<<<<< HEAD\nversion = 4\n");
    gate.commit("Leave a conflict");
    assert_snapshot!("lockfile-conflict", gate.run(["pilot"]));
}

#[cfg(unix)]
#[test]
fn dangling_links_and_strange_names_are_just_files() {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;

    let gate = sample();
    let root = gate.workspace();
    symlink("nowhere.rs", root.join("src/dangling.rs")).expect("a link");
    symlink("loop", root.join("loop")).expect("a link");
    symlink("..", root.join("src/up")).expect("a link");
    fs::write(root.join("a\nb \"c\" `d`.rs"), "fn newline() {}\n").expect("a file");
    // Some file systems take no such name; there it cannot be in a workspace either.
    let odd = fs::write(root.join(OsStr::from_bytes(b"odd-\xff.rs")), "fn odd() {}\n").is_ok();
    let gate = gate.git_init();
    let first = gate.run(["pilot", "--message-format", "json"]);
    assert_eq!(first.code, Some(0), "{first}");
    let files = first.json()["subject"]["files"].as_u64().expect("a number");
    assert_eq!(files, 9 + u64::from(odd), "{first}");
    let again = gate.run(["pilot", "--plan"]);
    // The checks that read the outcomes of the others.
    assert!(again.stdout.contains("pilot: 2 to run"), "{again}");
    // What is found in such a file is told on one line.
    gate.write(
        "gate.toml",
        "version = 1\n\n[stage.pilot]\nscope = \"one\"\n\n[tiers]\ndefault = \"portable\"\n\n[boundary]\n",
    );
    fs::write(
        root_of(&gate).join("src/a\nb.rs"),
        "pub fn raw() {\n    unsafe { core::hint::unreachable_unchecked() }\n}\n",
    )
    .expect("a file");
    gate.write(
        "src/lib.rs",
        "//! Sample.\n\n#[path = \"a\\nb.rs\"]\npub mod odd;\n\n#[test]\nfn passes() {}\n",
    );
    gate.commit("Hide raw code");
    assert_snapshot!("strange-names", gate.run(["pilot"]));
    for format in ["json", "markdown", "junit", "sarif", "github"] {
        let run = gate.run(["pilot", "--message-format", format]);
        assert_eq!(run.code, Some(1), "{run}");
        assert!(!run.stdout.contains("a\nb.rs"), "{format}: {run}");
    }
}

#[cfg(unix)]
fn root_of(gate: &gate_tests::harness::Gate) -> std::path::PathBuf {
    gate.workspace().to_path_buf()
}

/// A directory in place of a source file, and a socket or pipe among the files: neither is read, neither hangs.
#[cfg(unix)]
#[test]
fn what_is_no_file_does_not_hang_the_gate() {
    let gate = sample().git_init();
    let pipe = gate.workspace().join("src/pipe.rs");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|status| status.success()), "a named pipe can be made");
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
}

/// Modes mean nothing to root, so a file is unreadable in another way too: it is a directory for git, gone from disk.
#[cfg(unix)]
#[test]
fn an_unreadable_file_is_no_pass() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    let gate = sample().file("src/secret.rs", "pub fn secret() {}\n").git_init();
    let path = gate.workspace().join("src/secret.rs");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("modes can be set");
    let run = gate.run(["pilot", "--message-format", "json"]);
    if fs::read(&path).is_ok() {
        // Root reads everything: nothing is unreadable here.
        assert_eq!(run.code, Some(0), "{run}");
    } else {
        assert_ne!(run.code, Some(0), "{run}");
    }
    gate.remove("src/secret.rs");
    let run = gate.run(["controlled", "--message-format", "json"]);
    assert_eq!(run.code, Some(1), "a tracked file is gone: {run}");
}
