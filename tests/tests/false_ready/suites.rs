//! Suites that passed although a test failed or did not run.

use gate_tests::gate;
use gate_tests::harness::{Gate, Run};

const MANIFEST: &str = "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
const LOCK: &str = "version = 4\n\n[[package]]\nname = \"demo\"\nversion = \"0.1.0\"\n";

/// A package with this library and one suite.
fn library(source: &str, suite: &str) -> Gate {
    let policy = format!("version = 1\n\n[stage.pilot]\nscope = \"one service\"\n\n{suite}");
    gate!()
        .file("Cargo.toml", MANIFEST)
        .file("Cargo.lock", LOCK)
        .file("src/lib.rs", source)
        .file("gate.toml", &policy)
        .git_init()
}

/// The findings of the suites after a run of `pilot`, one a line, and the counts.
fn said(gate: &Gate) -> String {
    shown(&gate.run(["pilot", "--keep-going", "--message-format", "json"]))
}

/// Not the suite that runs where no suite of tests is declared.
fn is_declared(id: &str) -> bool {
    id.starts_with("suite.") && id != "suite.test.workspace"
}

/// What `pilot` says of the only suite of tests, declared or not.
fn suite(gate: &Gate) -> serde_json::Value {
    let report = gate.run(["pilot", "--keep-going", "--message-format", "json"]).json();
    let checks = report["checks"].as_array().expect("a list of checks");
    let is_suite = |id: &str| id.starts_with("suite.test.");
    let suite = checks.iter().find(|check| check["id"].as_str().is_some_and(is_suite));
    suite.expect("the suite").clone()
}

fn shown(run: &Run) -> String {
    let report = run.json();
    let checks = report["checks"].as_array().expect("a list of checks");
    let mut lines = Vec::new();
    for check in checks
        .iter()
        .filter(|check| check["id"].as_str().is_some_and(is_declared))
    {
        let suite = &check["evidence"]["suite"];
        lines.push(format!(
            "{} {}: {} passed, {} failed, {} skipped",
            check["id"].as_str().unwrap_or_default(),
            check["outcome"].as_str().unwrap_or_default(),
            suite["passed"],
            suite["failed"],
            suite["skipped"]
        ));
        if let Some(reason) = check["reason"]["message"].as_str() {
            lines.push(format!("  {reason}"));
        }
        for finding in check["findings"].as_array().into_iter().flatten() {
            lines.push(format!("  {}", finding["message"].as_str().unwrap_or_default()));
        }
    }
    lines.join("\n")
}

/// A program of the package that prints these lines and succeeds, in place of a runner whose status is lost.
fn printing(lines: &[&str], suite: &str) -> Gate {
    let printed: String = lines
        .iter()
        .map(|line| format!("    println!(\"{{}}\", {line:?});\n"))
        .collect();
    library("", suite).file("src/main.rs", &format!("fn main() {{\n{printed}}}\n"))
}

const RUN: &str = "[[suite.test]]\nname = \"all\"\ncommand = [\"cargo\", \"run\", \"--quiet\", \"--locked\"]\n";

#[test]
fn a_failure_that_a_later_summary_hides_fails() {
    let gate = printing(
        &[
            "running 1 test",
            "test a ... FAILED",
            "test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ],
        RUN,
    );
    insta::assert_snapshot!(said(&gate), @"
    suite.test.all fail: 1 passed, 0 failed, 0 skipped
      the command succeeded, but its output names a failure: `test a ... FAILED`
    ");
}

#[test]
fn a_build_that_failed_before_other_tests_passed_fails() {
    let gate = printing(
        &[
            "error: could not compile `demo` (lib test) due to 1 previous error",
            "running 1 test",
            "test a ... ok",
            "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ],
        RUN,
    );
    insta::assert_snapshot!(said(&gate), @"
    suite.test.all fail: 1 passed, 0 failed, 0 skipped
      the command succeeded, but its output names a failure: `error: could not compile 'demo' (lib test) due to 1 previous error`
    ");
}

#[test]
fn a_status_that_a_wrapper_loses_does_not_hide_its_output() {
    let gate = printing(
        &[
            "running 2 tests",
            "test a ... ok",
            "test b ... FAILED",
            "test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ],
        &format!("{RUN}format = \"exit-code\"\n"),
    );
    insta::assert_snapshot!(said(&gate), @"
    suite.test.all fail: 1 passed, 1 failed, 0 skipped
      `b` failed
    ");
}

/// The macro as the book has it.
fn not_run() -> &'static str {
    let page = include_str!("../../../docs/src/guide/suites.md");
    let block = page.split("```rust\n").nth(1).expect("a block of Rust");
    block.split("```").next().expect("its end")
}

#[test]
fn a_test_that_ends_early_and_says_so_is_not_run() {
    let source = format!(
        "#[cfg(test)]\nmod tests {{\n{}\n    #[test]\n    fn needs_a_device() {{\n        \
         not_run!(\"no device {{}}\", 0);\n    }}\n\n    #[test]\n    fn needs_nothing() {{}}\n}}\n",
        not_run()
    );
    let suite = "[[suite.test]]\nname = \"all\"\ncommand = [\"cargo\", \"test\", \"--locked\", \"--lib\"]\n";
    let gate = library(&source, suite);
    insta::assert_snapshot!(said(&gate), @"
    suite.test.all warn: 1 passed, 0 failed, 1 skipped
      `tests::needs_a_device` ended early and was not run: no device 0
    ");
    gate.append("gate.toml", "min-tests = 2\n");
    insta::assert_snapshot!(said(&gate), @"
    suite.test.all fail: 1 passed, 0 failed, 1 skipped
      1 of at least 2 expected tests ran
      `tests::needs_a_device` ended early and was not run: no device 0
    ");
}

/// A benchmark that prints these samples, compared with one that took 100 ns.
fn bench(samples: &str) -> Gate {
    let line =
        |name: &str, samples: &str| format!("{{\"name\": \"{name}\", \"unit\": \"ns\", \"samples\": [{samples}]}}");
    let suite = "[[suite.bench]]\nname = \"speed\"\ncommand = [\"cargo\", \"run\", \"--quiet\", \"--locked\"]\nrounds = 1\n\n\
                 [[suite.bench.metric]]\nname = \"new\"\nreference = \"old\"\nmax-ratio = 1.1\n";
    printing(&[&line("old", "100, 101, 102, 99, 98"), &line("new", samples)], suite)
}

#[test]
fn a_time_of_zero_is_not_infinitely_fast() {
    insta::assert_snapshot!(said(&bench("0, 0, 0, 0, 0")), @"
    suite.bench.speed inconclusive: 0 passed, 0 failed, 1 skipped
      `new` is measured as zero
    ");
}

#[test]
fn a_constant_is_not_a_measurement() {
    insta::assert_snapshot!(said(&bench("50, 50, 50, 50, 50")), @"
    suite.bench.speed inconclusive: 0 passed, 0 failed, 1 skipped
      `new` has the same time in every sample, so it was not measured
    ");
    // What a clock gives does pass.
    insta::assert_snapshot!(said(&bench("50, 51, 50, 49, 50")), @"suite.bench.speed pass: 1 passed, 0 failed, 0 skipped");
}

#[test]
fn what_a_default_filter_leaves_out_is_told() {
    let gate = printing(
        &[
            " Nextest run ID f52094d0-ad41-41ac-8dc3-e150acec123d with nextest profile: default",
            "    Starting 2 tests across 1 binary (3 tests skipped, including 1 test via profile.default.default-filter)",
            "        PASS [   0.006s] (1/2) demo tests::b",
            "        PASS [   0.006s] (2/2) demo tests::a",
            "     Summary [   0.006s] 2 tests run: 2 passed, 3 skipped",
        ],
        RUN,
    );
    insta::assert_snapshot!(said(&gate), @"
    suite.test.all warn: 2 passed, 0 failed, 3 skipped
      the configuration of nextest leaves out 1 test by `profile.default.default-filter`
    ");
}

#[test]
fn what_a_filter_of_an_override_leaves_out_is_told() {
    let gate = printing(
        &[
            " Nextest run ID f52094d0-ad41-41ac-8dc3-e150acec123d with nextest profile: default",
            "    Starting 1 test across 1 binary (1 test skipped via default-filter in profile.default.overrides)",
            "        PASS [   0.006s] (1/1) demo tests::b",
            "     Summary [   0.006s] 1 test run: 1 passed, 1 skipped",
        ],
        RUN,
    );
    insta::assert_snapshot!(said(&gate), @"
    suite.test.all warn: 1 passed, 0 failed, 1 skipped
      the configuration of nextest leaves out 1 test by `default-filter in profile.default.overrides`
    ");
}

#[test]
fn what_an_earlier_run_passed_did_not_pass_in_this_one() {
    let gate = printing(
        &[
            " Nextest run ID f52094d0-ad41-41ac-8dc3-e150acec123d with nextest profile: default",
            "    Starting 1 test across 1 binary (2 tests skipped, including 2 tests that already passed)",
            "        PASS [   0.006s] (1/1) demo tests::b",
            "     Summary [   0.006s] 1 test run: 1 passed, 2 skipped",
        ],
        RUN,
    );
    insta::assert_snapshot!(said(&gate), @"
    suite.test.all fail: 1 passed, 0 failed, 2 skipped
      2 tests did not run, because an earlier run had passed them
    ");
}

/// `slow-timeout = { period = "1s", terminate-after = 1, on-timeout = "pass" }`
#[test]
fn a_time_limit_that_passes_is_told() {
    let gate = printing(
        &[
            " Nextest run ID f52094d0-ad41-41ac-8dc3-e150acec123d with nextest profile: default",
            "    Starting 2 tests across 1 binary",
            "        PASS [   0.008s] (1/2) demo ok",
            " TERMINATING [>  1.000s] (───) demo slow",
            "TIMEOUT-PASS [   1.006s] (2/2) demo slow",
            "     Summary [   1.006s] 2 tests run: 2 passed, 0 skipped",
        ],
        RUN,
    );
    insta::assert_snapshot!(said(&gate), @"
    suite.test.all warn: 2 passed, 0 failed, 0 skipped
      `demo slow` ran into its time limit, and counts as passed
    ");
}

/// The gate with a script in place of nextest, which no machine needs for these tests.
#[cfg(unix)]
fn with_nextest(gate: Gate, script: &str) -> Gate {
    use std::os::unix::fs::PermissionsExt as _;
    gate.write(".config/nextest.toml", "[profile.default]\n");
    gate.commit("Use nextest");
    let directory = gate.workspace().parent().expect("a parent").join("bin");
    std::fs::create_dir(&directory).expect("a directory");
    let runner = directory.join("cargo-nextest");
    std::fs::write(&runner, script).expect("a script");
    std::fs::set_permissions(&runner, std::fs::Permissions::from_mode(0o755)).expect("it may run");
    let path = std::env::var_os("PATH").expect("a path");
    let path = std::env::join_paths(std::iter::once(directory).chain(std::env::split_paths(&path))).expect("a path");
    gate.env("PATH", path)
}

/// A test target without the harness of libtest has nothing to list, so nextest ends with 104 before it runs any test.
#[cfg(unix)]
#[test]
fn what_nextest_cannot_list_is_run_by_cargo() {
    let gate = library(
        "pub fn two() -> u8 {\n    2\n}\n\n#[test]\nfn is_two() {\n    assert_eq!(two(), 2);\n}\n",
        "",
    );
    gate.append("Cargo.toml", "\n[[test]]\nname = \"own\"\nharness = false\n");
    gate.write("tests/own.rs", "fn main() {\n    assert_eq!(demo::two(), 2);\n}\n");
    gate.write(".gitignore", "target\n");
    gate.commit("Test without a harness");
    let gate = with_nextest(
        gate,
        "#!/bin/sh\necho 'error: creating test list failed' >&2\nexit 104\n",
    );
    let passed = suite(&gate);
    assert_eq!(passed["outcome"], "warn", "{passed}");
    let message = passed["findings"][0]["message"].as_str().expect("a message");
    assert!(message.starts_with("cargo-nextest cannot list the tests"), "{message}");
    gate.write("tests/own.rs", "fn main() {\n    assert_eq!(demo::two(), 3);\n}\n");
    gate.commit("Break it");
    assert_eq!(suite(&gate)["outcome"], "fail");
}

#[cfg(unix)]
#[test]
fn doctests_run_although_nextest_runs_none() {
    let source = "/// ```\n/// assert_eq!(demo::two(), 3);\n/// ```\npub fn two() -> u8 {\n    2\n}\n";
    let script = "#!/bin/sh\necho ' Nextest run ID 1 with nextest profile: default'\n\
                  echo '     Summary [   0.006s] 1 test run: 1 passed, 0 skipped'\n";
    let gate = with_nextest(library(source, ""), script);
    let suite = suite(&gate);
    assert_eq!(suite["outcome"], "fail", "{suite}");
    assert_eq!(
        suite["findings"][0]["message"],
        "`demo (doc-tests) src/lib.rs - two (line 1)` failed"
    );
    assert_eq!(suite["evidence"]["suite"]["passed"], 1);
}

/// nextest names no binary that it leaves out, but those that need a feature are known.
#[cfg(unix)]
#[test]
fn targets_that_nextest_leaves_out_are_told() {
    let manifest = "\n[features]\nmore = []\n\n[[test]]\nname = \"it\"\nrequired-features = [\"more\"]\n";
    let gate = library("#[test]\nfn passes() {}\n", "");
    gate.append("Cargo.toml", manifest);
    gate.write("tests/it.rs", FAILS);
    gate.write(".gitignore", "target\n");
    let run = |binary: &str| {
        format!(
            "#!/bin/sh\necho ' Nextest run ID 1 with nextest profile: default'\n\
             echo '    Starting 1 test across 1 binary'\n\
             echo '        PASS [   0.006s] (1/1) {binary} passes'\n\
             echo '     Summary [   0.006s] 1 test run: 1 passed, 0 skipped'\n"
        )
    };
    let gate = with_nextest(gate, &run("demo"));
    let said = || {
        let run = gate.run(["pilot", "--keep-going", "--fresh", "--message-format", "json"]);
        run.stdout.contains("the tests of `tests/it.rs` were not run")
    };
    assert!(said());
    let script = gate.workspace().parent().expect("a parent").join("bin/cargo-nextest");
    std::fs::write(script, run("demo::it")).expect("a script");
    assert!(!said());
}

/// Members and targets that plain `cargo test` leaves out, with a test that would fail in each.
#[test]
fn targets_that_cargo_leaves_out_are_told() {
    let gate = library("#[test]\nfn passes() {}\n", "");
    let manifest = |name: &str, rest: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{rest}")
    };
    gate.write(
        "Cargo.toml",
        manifest(
            "demo",
            "\n[features]\nmore = []\n\n[[test]]\nname = \"it\"\nrequired-features = [\"more\"]\n\n\
        [workspace]\nmembers = [\"part\"]\ndefault-members = [\".\"]\n",
        ),
    );
    gate.write(
        "Cargo.lock",
        format!("{LOCK}\n[[package]]\nname = \"part\"\nversion = \"0.1.0\"\n"),
    );
    gate.write("tests/it.rs", "#[test]\nfn fails() {\n    panic!();\n}\n");
    gate.write("part/Cargo.toml", manifest("part", ""));
    gate.write("part/src/lib.rs", "#[test]\nfn fails() {\n    panic!();\n}\n");
    gate.write(".gitignore", "target\n");
    gate.commit("Leave tests out");
    let told = |gate: &Gate| {
        let suite = suite(gate);
        format!("{} {}", suite["outcome"], suite["findings"][0]["message"])
    };
    insta::assert_snapshot!(told(&gate), @r#""warn" "the tests of `part/src/lib.rs` and of 1 more target were not run""#);
    gate.replace("Cargo.toml", "default-members = [\".\"]\n", "");
    gate.replace("Cargo.toml", "required-features = [\"more\"]\n", "");
    gate.commit("Leave nothing out");
    assert!(told(&gate).starts_with("\"fail\""), "{}", told(&gate));
}

/// What the suite of the workspace says of tests that it leaves out, after a change of a library whose own test passes.
fn told_of(change: impl FnOnce(&Gate)) -> String {
    let gate = library("#[test]\nfn passes() {}\n", "").file(".gitignore", "target\n");
    change(&gate);
    gate.commit("Leave tests out");
    let suite = suite(&gate);
    let findings = suite["findings"].as_array().into_iter().flatten();
    let messages: Vec<&str> = findings.filter_map(|found| found["message"].as_str()).collect();
    format!(
        "{}: {}",
        suite["outcome"].as_str().unwrap_or_default(),
        messages.join("; ")
    )
}

const FAILS: &str = "#[test]\nfn fails() {\n    panic!();\n}\n";

/// Each of these has a test that fails and that nothing runs.
#[test]
fn tests_that_no_target_runs_are_told() {
    let declared = "\n[[suite.test]]\nname = \"all\"\ncommand = [\"cargo\", \"test\", \"--workspace\", \"--locked\"]\n";
    insta::assert_snapshot!(told_of(|gate| {
        gate.append("Cargo.toml", "autotests = false\n");
        gate.write("tests/it.rs", FAILS);
    }), @"warn: the tests of `tests/it.rs` were not run");
    // The same where the policy declares the suite, as `init` does.
    insta::assert_snapshot!(told_of(|gate| {
        gate.append("Cargo.toml", "autotests = false\n");
        gate.append("gate.toml", declared);
        gate.write("tests/it/main.rs", FAILS);
    }), @"warn: the tests of `tests/it/main.rs` were not run");
    insta::assert_snapshot!(told_of(|gate| {
        gate.append("Cargo.toml", "\n[lib]\ntest = false\n");
        gate.write("src/lib.rs", "#[cfg(test)]\nmod tests;\n");
        gate.write("src/tests.rs", FAILS);
        gate.write("tests/it.rs", "#[test]\nfn passes() {}\n");
    }), @"warn: the tests of `src/lib.rs` were not run");
    insta::assert_snapshot!(told_of(|gate| {
        gate.append("Cargo.toml", "\n[[test]]\nname = \"own\"\nharness = false\n");
        gate.write("tests/own.rs", format!("fn main() {{}}\n{FAILS}"));
    }), @"warn: the tests of `tests/own.rs` were not run");
    insta::assert_snapshot!(told_of(|gate| {
        gate.append("Cargo.toml", "\n[dependencies]\ninner = { path = \"inner\" }\n\n[workspace]\nexclude = [\"inner\"]\n");
        gate.write("inner/Cargo.toml", MANIFEST.replace("demo", "inner"));
        gate.write("inner/src/lib.rs", FAILS);
        let inner = "[[package]]\nname = \"inner\"\nversion = \"0.1.0\"\n";
        gate.write("Cargo.lock", format!("{} \n\n{inner}", LOCK.replace("0.1.0\"\n", "0.1.0\"\ndependencies = [\n \"inner\",\n]\n").trim_end()));
    }), @"warn: the tests of `inner/src/lib.rs` were not run");
}

#[test]
fn what_an_alias_filters_out_is_told() {
    insta::assert_snapshot!(told_of(|gate| {
        gate.write(".cargo/config.toml", "[alias]\nci = \"test --locked -- passes\"\n");
        gate.append("gate.toml", "\n[[suite.test]]\nname = \"all\"\ncommand = [\"cargo\", \"ci\"]\n");
        gate.append("src/lib.rs", FAILS);
    }), @"warn: the alias `ci` of cargo's configuration leaves out 1 test");
}

#[test]
fn examples_that_nothing_runs_are_told() {
    insta::assert_snapshot!(told_of(|gate| {
        gate.append("Cargo.toml", "\n[lib]\ndoctest = false\n");
        gate.write("src/lib.rs", "/// ```\n/// panic!();\n/// ```\npub fn a() {}\n\n#[test]\nfn passes() {}\n");
    }), @"warn: the documentation tests of `src/lib.rs` were not run");
}

/// Nothing is left out, although manifests or files look like it.
#[test]
fn targets_without_tests_are_no_loss() {
    insta::assert_snapshot!(told_of(|gate| {
        gate.append(
            "Cargo.toml",
            "autotests = false\nautobins = false\n\n[[test]]\nname = \"it\"\npath = \"tests/it.rs\"\n\n[[bin]]\nname = \"demo-bin\"\ntest = false\n\n\
             [[test]]\nname = \"own\"\nharness = false\n",
        );
        gate.write("tests/it.rs", "mod shared;\n#[test]\nfn passes() {}\n");
        gate.write("tests/shared.rs", "#[test]\nfn passes() {}\n");
        gate.write("tests/ui/fails.rs", FAILS);
        gate.write("tests/own.rs", "fn main() {\n    // #[test]\n    assert_eq!(1, 1);\n}\n");
        gate.write("src/bin/demo-bin.rs", "fn main() {}\n");
    }), @"pass: ");
}

/// `[env]` of cargo's configuration wins over what the gate sets.
#[test]
fn marks_of_tests_that_end_early_cannot_be_led_elsewhere() {
    let source = format!(
        "#[cfg(test)]\nmod tests {{\n{}\n    #[test]\n    fn a() {{\n        not_run!(\"no device\");\n    }}\n}}\n",
        not_run()
    );
    let suite = "[[suite.test]]\nname = \"all\"\ncommand = [\"cargo\", \"test\", \"--locked\", \"--lib\"]\n";
    let gate = library(&source, suite);
    gate.write(
        ".cargo/config.toml",
        "[env]\nCARGO_GATE_NOT_RUN = { value = \"target/elsewhere\", force = true, relative = true }\n",
    );
    insta::assert_snapshot!(said(&gate), @"
    suite.test.all inconclusive: null passed, null failed, null skipped
      .cargo/config.toml sets `CARGO_GATE_NOT_RUN`, so tests that end early cannot be counted
    ");
    gate.write(".cargo/config.toml", "");
    gate.replace(
        "gate.toml",
        "[\"cargo\", ",
        "[\"env\", \"CARGO_GATE_NOT_RUN=\", \"cargo\", ",
    );
    insta::assert_snapshot!(said(&gate), @"
    suite.test.all inconclusive: null passed, null failed, null skipped
      `command` of the suite `all` sets `CARGO_GATE_NOT_RUN`, so tests that end early cannot be counted
    ");
}
