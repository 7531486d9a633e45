//! Policies that cannot be read: nothing runs, and nothing is recorded.

use insta::assert_snapshot;

use super::sample;

const SMALL: &str = "version = 1\n\n[stage.pilot]\nscope = \"one\"\n";

#[test]
fn a_policy_that_cannot_be_read_is_a_usage_error() {
    let gate = sample().git_init();
    let large = format!("{SMALL}# {}\n", "x".repeat(10 << 20));
    let cases: [(&str, &[u8]); 6] = [
        ("empty", b""),
        ("not-utf-8", b"version = 1\n# \xff\xfe\n"),
        (
            "duplicate-keys",
            b"version = 1\nversion = 1\n\n[stage.pilot]\nscope = \"one\"\nscope = \"two\"\n",
        ),
        ("not-toml", b"version: 1\n"),
        (
            "many-errors",
            b"version = 2\n\n[stage.pilot]\nscop = \"one\"\n\n[boundray]\n",
        ),
        ("ten-megabytes", large.as_bytes()),
    ];
    for (name, bytes) in cases {
        gate.write("gate.toml", bytes);
        let run = gate.run(["pilot"]);
        assert_eq!(run.code, Some(2), "{name}: {run}");
        assert_eq!(run.stdout, "", "{name}: {run}");
        assert!(
            run.stderr.len() < 4096,
            "{name}: a message, not a dump: {}",
            run.stderr.len()
        );
        assert_snapshot!(format!("policy-{name}"), run);
        for reader in [
            ["status"].as_slice(),
            &["suite", "--list"],
            &["govern", "waiver", "list"],
            &["pilot", "--plan"],
        ] {
            let run = gate.run(reader);
            assert_eq!(run.code, Some(2), "{name}: {run}");
        }
    }
    let written = |path: &str| gate.workspace().join("target/gate").join(path).exists();
    assert!(!written("history.jsonl") && !written("runs"));
    gate.write("gate.toml", SMALL);
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
}

#[test]
fn a_typo_is_not_a_record() {
    let gate = sample().file("gate.toml", SMALL).git_init();
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
    let records = || {
        let read = |arguments: &[&str]| gate.run(arguments).to_string();
        [
            read(&["evidence", "history"]),
            read(&["evidence", "ready"]),
            read(&["evidence", "badge"]),
            read(&["govern", "register", "draft"]),
        ]
    };
    let before = records();
    for mistake in [
        ["pilot", "--policy", "nope.toml"].as_slice(),
        &["broad", "--policy", "nope.toml"],
        &["pilot", "-p", "nope"],
    ] {
        let run = gate.run(mistake);
        assert_eq!(run.code, Some(2), "{run}");
    }
    assert_eq!(records(), before);
}

#[test]
fn a_directory_is_no_policy() {
    let gate = sample().file("gate.toml/inside", "").git_init();
    assert_snapshot!("policy-directory", gate.run(["pilot"]));
}

#[test]
fn a_register_with_impossible_days_is_a_usage_error() {
    let gate = sample().git_init();
    gate.write("gate.toml", format!("{SMALL}\n[register]\n"));
    let item = "version = 1\n\n[[item]]\nid = \"A\"\ntitle = \"t\"\nseverity = \"low\"\nstatus = \"open\"\nopened = ";
    for (name, day) in [
        ("native", "2026-02-30"),
        ("text", "\"2026-13-01\""),
        ("time", "2026-01-02T03:04:05Z"),
    ] {
        gate.write("register.toml", format!("{item}{day}\n"));
        let run = gate.run(["pilot"]);
        assert_eq!(run.code, Some(2), "{name}: {run}");
        assert_snapshot!(format!("register-day-{name}"), run);
    }
}

#[test]
fn a_waiver_for_a_check_that_does_not_exist_is_a_usage_error() {
    let gate = sample().git_init();
    let waiver = "[[waiver]]\ncheck = \"boundray.raw\"\nowner = \"a\"\nreason = \"b\"\nexpires = 2030-01-31\n";
    gate.write("gate.toml", format!("{SMALL}\n{waiver}"));
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert_snapshot!("waiver-unknown-check", run);
}
