//! Packages reach the registry in order, each once, whatever happens in between.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use gate_base::digest::sha256_hex;

use gate_tests::gate;
use gate_tests::harness::Gate;

use super::fixture::{directory, key, output, tag, tagged, workspace};
use super::registry::{Failure, Registry};

/// The workspace, for a registry of this machine, with a home of its own for cargo: cargo keeps what it downloads for longer than
/// the registry lives.
pub(super) fn for_registry(registry: &Registry) -> Gate {
    let gate = gate!();
    let home = gate.workspace().with_file_name("home").join(".cargo");
    let gate = gate
        .env("CARGO_HOME", home)
        .env("CARGO_NET_OFFLINE", "false")
        .env("CARGO_REGISTRIES_LOCAL_INDEX", registry.index())
        .env("CARGO_REGISTRIES_LOCAL_TOKEN", "token")
        .env("CARGO_PUBLISH_TIMEOUT", "1");
    tagged(workspace(gate, ", registry = \"local\"", "publish = [\"local\"]\n"))
}

#[test]
fn packages_are_published_once_and_in_order() {
    let registry = Registry::serve();
    let gate = for_registry(&registry);
    let key = key(&gate);
    let released = gate.run(["release", "--key", &key]);
    assert_eq!(released.code, Some(0), "{released}");
    assert_eq!(registry.uploads(), ["shipped-part", "shipped-app"]);
    let verified = gate.run(["verify", output(&gate).to_str().expect("a path")]);
    assert_eq!(verified.code, Some(0), "{verified}");

    // It is over: nothing starts again, and to resume does nothing more.
    let again = gate.run(["release", "--key", &key]);
    assert_eq!(again.code, Some(2), "{again}");
    assert!(
        again.stderr.contains("already published 2 packages of this release"),
        "{again}"
    );
    let resumed = gate.run(["release", "--resume", "--key", &key]);
    assert_eq!(resumed.code, Some(0), "{resumed}");
    assert_eq!(registry.uploads().len(), 2);
}

#[test]
fn a_failure_in_the_middle_is_resumed() {
    for failure in [Failure::Refused, Failure::Unanswered] {
        let registry = Registry::serve();
        registry.fail("shipped-app", failure);
        let gate = for_registry(&registry);
        let key = key(&gate);
        let failed = gate.run(["release", "--key", &key]);
        assert_eq!(failed.code, Some(1), "{failed}");
        assert!(
            failed.stderr.contains("`cargo publish` of `shipped-app` failed"),
            "{failed}"
        );
        let receipt = fs::read(output(&gate).join("receipt.json")).expect("a receipt, before anything was published");

        let over = gate.run(["release", "--key", &key]);
        assert_eq!(over.code, Some(2), "{over}");
        assert!(over.stderr.contains("pass `--resume` to publish the rest"), "{over}");

        // A tag that moved meanwhile stops it, and so does nothing else.
        gate.git(["tag", "--force", "v1.0.0", "HEAD^{tree}"]);
        let moved = gate.run(["release", "--resume", "--key", &key]);
        assert_eq!(moved.code, Some(1), "{moved}");
        tag(&gate);
        let resumed = gate.run(["release", "--resume", "--key", &key]);
        assert_eq!(resumed.code, Some(0), "{resumed}");
        assert!(
            resumed.stderr.contains("Kept shipped-part 1.0.0, which is published"),
            "{resumed}"
        );
        let uploads = registry.uploads();
        let expected: &[&str] = match failure {
            // The first attempt was refused: it is not in the registry.
            Failure::Refused => &["shipped-part", "shipped-app", "shipped-app"],
            _ => &["shipped-part", "shipped-app"],
        };
        assert_eq!(uploads, expected);
        assert_eq!(
            fs::read(output(&gate).join("receipt.json")).expect("a receipt"),
            receipt
        );
    }
}

#[test]
fn a_registry_with_other_bytes_stops_the_release() {
    let registry = Registry::serve();
    registry.fail("shipped-part", Failure::Corrupted);
    let gate = for_registry(&registry);
    let key = key(&gate);
    let refused = gate.run(["release", "--key", &key]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(
        refused
            .stderr
            .contains("the registry has shipped-part 1.0.0 with other contents: SHA-256 "),
        "{refused}"
    );
    assert_eq!(registry.uploads(), ["shipped-part"], "what needs it is not published");
    // A new attempt finds it before anything is sent.
    fs::remove_dir_all(directory(&gate)).expect("removed");
    let refused = gate.run(["release", "--key", &key]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert_eq!(registry.uploads(), ["shipped-part"]);
}

/// Kills the release when it says this, and waits until it is gone.
fn killed_at(gate: &Gate, words: &str, arguments: &[&str]) {
    let mut command = gate.gate_command();
    command.arg("release").args(arguments);
    let mut child = command
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("started");
    let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
    let said = lines.by_ref().map_while(Result::ok).any(|line| line.contains(words));
    child.kill().expect("killed");
    child.wait().expect("gone");
    assert!(said, "it never says `{words}`");
}

#[test]
fn a_release_that_is_killed_again_and_again_is_complete_in_the_end() {
    let registry = Registry::serve();
    let gate = for_registry(&registry);
    let key = key(&gate);
    let mut arguments = vec!["--key", key.as_str()];
    for words in [
        "in one directory",
        "in another directory",
        "Comparing",
        "Listing",
        "Attesting",
        "Recording",
        "Publishing shipped-part",
        "Publishing shipped-app",
    ] {
        killed_at(&gate, words, &arguments);
        arguments = vec!["--resume", "--key", key.as_str()];
    }
    // An upload that was under way may end after the registry was asked: then it is found the next time.
    let mut left = 3;
    let run = loop {
        let run = gate.run([&["release"], arguments.as_slice()].concat());
        left -= 1;
        if run.code == Some(0) || left == 0 {
            break run;
        }
    };
    assert_eq!(run.code, Some(0), "{run}");
    let dist = output(&gate);
    let verified = gate.run(["verify", dist.to_str().expect("a path")]);
    assert_eq!(verified.code, Some(0), "{verified}");
    for name in ["shipped-part", "shipped-app"] {
        let archive = fs::read(dist.join(format!("{name}-1.0.0.crate"))).expect("an archive");
        assert_eq!(
            registry.checksum(name).as_deref(),
            Some(sha256_hex(&archive).as_str()),
            "{name}"
        );
    }
}
