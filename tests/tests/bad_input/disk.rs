//! A disk that takes no more. A limit on the size of files stands for it: writes fail in their middle in the same way,
//! and a test may set it without being root.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use gate_tests::harness::{Gate, Run};

use super::sample;

/// Runs the gate with files limited to so many blocks of the shell's size (512 or 1024 bytes).
fn run_limited(gate: &Gate, blocks: u32, arguments: &[&str]) -> Run {
    let unlimited = gate.gate_command();
    let mut command = Command::new("sh");
    // The signal would end the process; ignored, it leaves the error that a full disk leaves too.
    command
        .args(["-c", "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"", "sh"])
        .arg(blocks.to_string())
        .arg(unlimited.get_program())
        .args(unlimited.get_args())
        .args(arguments)
        .stdin(Stdio::null());
    for (name, value) in unlimited.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(directory) = unlimited.get_current_dir() {
        command.current_dir(directory);
    }
    gate.finish(&mut command)
}

#[test]
fn a_full_disk_loses_nothing_and_opens_no_stage() {
    let gate = sample().git_init();
    let before = gate.run(["pilot"]);
    assert_eq!(before.code, Some(0), "{before}");
    let mut failed = 0;
    for blocks in [0, 1, 2, 4, 8, 16, 10_000] {
        let lines = gate.read("target/gate/history.jsonl").lines().count();
        let run = run_limited(&gate, blocks, &["pilot"]);
        match run.code {
            Some(0) => assert!(blocks > 0, "nothing can be recorded: {run}"),
            Some(3) => {
                failed += 1;
                assert!(run.stderr.contains("error: cannot "), "{blocks}: {run}");
                assert!(run.stderr.contains("[TARGET]/gate"), "{blocks}: {run}");
                assert_eq!(run.stdout, "", "no verdict without a record: {run}");
            }
            _ => panic!("{blocks}: {run}"),
        }
        let verified = gate.run(["verify"]);
        assert_eq!(verified.code, Some(0), "after {blocks} blocks: {verified}");
        let after = gate.read("target/gate/history.jsonl").lines().count();
        assert!(after >= lines, "history never shrinks");
    }
    assert!(failed > 2, "the limit holds");
    let after = gate.run(["pilot"]);
    assert_eq!(after.code, Some(0), "{after}");
    let verified = gate.run(["verify"]);
    assert_eq!(verified.code, Some(0), "{verified}");
}

/// Evidence that could not be kept is made again, and the run says so by its exit code.
#[test]
fn a_disk_that_is_full_from_the_start_is_a_failure_of_the_tool() {
    let gate = sample().git_init();
    let run = run_limited(&gate, 0, &["pilot"]);
    assert_eq!(run.code, Some(3), "{run}");
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
}

#[test]
fn a_gate_directory_that_is_read_only_is_a_failure_of_the_tool() {
    let gate = sample().git_init();
    let before = gate.run(["pilot"]);
    assert_eq!(before.code, Some(0), "{before}");
    let directories = ["target/gate/runs", "target/gate"].map(|path| gate.workspace().join(path));
    let modes = |mode| {
        for directory in &directories {
            fs::set_permissions(directory, fs::Permissions::from_mode(mode)).expect("modes can be set");
        }
    };
    modes(0o555);
    let run = gate.run(["pilot"]);
    // Modes mean nothing to root.
    let is_root = fs::write(directories[1].join("probe"), "").is_ok();
    modes(0o755);
    if is_root {
        assert_eq!(run.code, Some(0), "{run}");
        fs::remove_file(directories[1].join("probe")).expect("remove");
    } else {
        assert_eq!(run.code, Some(3), "{run}");
        assert!(run.stderr.contains("`--target-dir`"), "{run}");
    }
    let verified = gate.run(["verify"]);
    assert_eq!(verified.code, Some(0), "{verified}");
}
