//! Outputs below are real, from cargo 1.95 and nextest 0.9.143, shortened.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use proptest::prelude::*;

use gate_evidence::event::Silent;
use gate_policy::SuiteFormat;
use gate_report::TestStatus;
use gate_world::Options;
use gate_world::cargo::CargoModel;
use gate_world::config::CargoConfig;
use gate_world::environment::Environment;
use gate_world::files::{File, FileKind, FileList};
use gate_world::lockfile::Lockfile;
use gate_world::manifest::Manifest;
use gate_world::toolchain::Toolchain;

use super::*;
use gate_base::process::cancel::Cancel;
use gate_evidence::EvidenceResult;
use gate_world::Workspace;
use gate_world::cargo::Resolution;

/// A suite as `gate.toml` would declare it.
pub(super) fn suite(command: &[&str]) -> SuitePolicy {
    let command = command.iter().map(|word| (*word).to_owned()).collect();
    SuitePolicy {
        timeout: Duration::from_secs(600),
        min_tests: 1,
        location: Some(gate_report::Location::line("gate.toml", 3)),
        ..SuitePolicy::new(SuiteKind::Test, "unit", command)
    }
}

/// A workspace made of these files, without git.
pub(super) fn workspace(root: &Path, files: &[(&str, &str)]) -> Workspace {
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    reread(root, &files.iter().map(|(path, _)| *path).collect::<Vec<_>>())
}

/// The workspace of these files as they are now.
pub(super) fn reread(root: &Path, paths: &[&str]) -> Workspace {
    let lockfile = root.join("Cargo.lock").exists();
    let manifests = OnceLock::new();
    let text = std::fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
    manifests
        .set(vec![Manifest::parse("Cargo.toml", text).unwrap()])
        .unwrap();
    let file = |path: &&str| File {
        path: (*path).to_owned(),
        native: (*path).into(),
        tracked: false,
        kind: FileKind::Regular,
        executable: false,
        size: 0,
        digest: None,
    };
    Workspace {
        options: Options {
            cwd: root.to_owned(),
            manifest_path: None,
            // Its own, whatever CARGO_TARGET_DIR says: these workspaces share their name.
            target_dir: Some(root.join("target")),
            offline: true,
            environment: Environment::of_process(),
        },
        root: root.to_owned(),
        target_dir: root.join("target"),
        git: None,
        files: FileList::new(paths.iter().map(file).collect()),
        cargo: CargoModel::default(),
        resolution: if lockfile {
            Resolution::Locked
        } else {
            Resolution::NoLockfile
        },
        lockfile: Lockfile {
            exists: lockfile,
            tracked: None,
            ignored: false,
            digest: None,
            bytes: None,
        },
        config: CargoConfig::default(),
        toolchain: Toolchain {
            file: None,
            rustc: Err("not read".into()),
            cargo: semver::Version::new(1, 95, 0),
        },
        manifests,
        manifest_texts: Vec::new(),
        git_problem: None,
        contents: Default::default(),
    }
}

/// Runs a suite in a workspace.
pub(super) fn run_in(workspace: &Workspace, suite: &SuitePolicy) -> SuiteRun {
    let cx = SuiteContext {
        workspace,
        cancel: &Cancel::default(),
        observer: &Silent,
        shared: &Shared::default(),
        log: workspace.gate_dir().join("tmp").join("suite.log"),
    };
    run(suite, &cx).unwrap()
}

/// A run in a few lines: verdict, findings, counts, tests.
pub(super) fn shown(run: &SuiteRun) -> String {
    let mut text = String::new();
    match &run.result {
        EvidenceResult::Findings(findings) => {
            for finding in findings {
                let level = if finding.blocks_at.is_some() { "block" } else { "advice" };
                text += &format!("{level}: {}\n", finding.message);
                for place in &finding.locations {
                    text += &format!("  at {}:{:?}:{:?}\n", place.path, place.line, place.column);
                }
                text += &format!("  help: {}\n", finding.help.as_deref().unwrap_or("-"));
            }
        }
        EvidenceResult::NotRun(reason) => text += &format!("not run: {} {}\n", reason.code, reason.message),
        other => text += &format!("{other:?}\n"),
    }
    if let Some(suite) = &run.suite {
        text += &format!(
            "{} passed, {} failed, {} skipped, exit {:?}\n",
            suite.passed, suite.failed, suite.skipped, suite.exit_code
        );
        for test in &suite.tests {
            text += &format!("{:?} {} {}\n", test.status, test.binary, test.name);
        }
    }
    text
}

fn read(format: SuiteFormat, text: &str) -> output::Output {
    let mut reader = output::Reader::new(format);
    for line in text.lines() {
        reader.line(line);
    }
    reader.finish()
}

fn summary(text: &str) -> String {
    let tests = read(SuiteFormat::Auto, text).tests;
    let mut shown = format!(
        "{} passed, {} failed, {} skipped, {} not run, {} summaries, unfinished {:?}\n",
        tests.passed, tests.failed, tests.skipped, tests.not_run, tests.summaries, tests.unfinished
    );
    for test in tests.tests {
        shown += &format!("{:?} {} {}\n", test.status, test.binary, test.name);
    }
    shown
}

const LIBTEST: &str = "   Compiling demo v0.1.0 (/demo)
    Finished `test` profile [unoptimized + debuginfo] target(s) in 0.49s
     Running unittests src/lib.rs (target/debug/deps/demo-8348ca7a80742723)

running 4 tests
test tests::flaky ... \u{1b}[32mok\u{1b}[m
test tests::ignored ... ignored, slow one
test tests::fails ... FAILED
test tests::panics - should panic ... ok

failures:

---- tests::fails stdout ----
running 1 test
test inner ... ok
test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

failures:
    something else

thread 'tests::fails' (23255) panicked at src/lib.rs:15:75:


failures:
    tests::fails

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.08s

error: test failed, to rerun pass `--lib`
     Running tests\\it.rs (target\\debug\\deps\\it-4a9c20718bed82b8.exe)

running 1 test
test outside ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

   Doc-tests demo

running 1 test
test src/lib.rs - two (line 2) ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.06s


running 1 test
test src/lib.rs - two (line 5) - compile fail ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.04s
";

#[test]
fn libtest_counts_and_names() {
    insta::assert_snapshot!(summary(LIBTEST), @r"
    5 passed, 1 failed, 4 skipped, 0 not run, 4 summaries, unfinished []
    Failed demo tests::fails
    Passed demo tests::flaky
    Skipped demo tests::ignored
    Passed demo tests::panics
    Passed demo (doc-tests) src/lib.rs - two (line 2)
    Passed demo (doc-tests) src/lib.rs - two (line 5)
    Passed it outside
    ");
}

#[test]
fn a_binary_that_crashes_is_unfinished_and_hides_no_other() {
    let text = "     Running unittests src/lib.rs (target/debug/deps/demo-8348ca7a80742723)

running 8 tests
test tests::a ... ok
error: test failed, to rerun pass `--lib`
     Running unittests src/main.rs (target/debug/deps/main-dbce29200f970038)

running 1 test
test tests::in_main ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";
    insta::assert_snapshot!(summary(text), @r#"
    1 passed, 0 failed, 0 skipped, 0 not run, 1 summaries, unfinished ["demo"]
    Passed demo tests::a
    Passed main tests::in_main
    "#);
}

#[test]
fn noise_without_capture_makes_no_tests() {
    let text = "running 2 tests
test tests::noisy ... running 3 tests
test inner_a ... ok
test inner_b ... FAILED
test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out
running 7 tests
FAILED
test tests::other ... ok

failures:

failures:
    tests::noisy

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";
    let tests = read(SuiteFormat::Libtest, text).tests;
    assert_eq!((tests.passed, tests.failed, tests.summaries), (1, 1, 1));
    assert!(
        tests.tests.iter().all(|test| !test.name.starts_with("inner")),
        "{tests:?}"
    );
    assert!(tests.unfinished.is_empty());
}

#[test]
fn quiet_output_and_benches_count() {
    let text = "
running 3 tests
.F.
failures:

failures:
    tests::fails

test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

running 1 test
test bench_it ... bench:       1,234.56 ns/iter (+/- 12)

test result: ok. 0 passed; 0 failed; 0 ignored; 1 measured; 0 filtered out
";
    insta::assert_snapshot!(summary(text), @r"
    3 passed, 1 failed, 0 skipped, 0 not run, 2 summaries, unfinished []
    Passed  bench_it
    Failed  tests::fails
    ");
}

const NEXTEST: &str = "    Finished `test` profile [unoptimized + debuginfo] target(s) in 0.00s
────────────
 Nextest run ID f3071bca-6373-4ce9-88be-e63c5b15f83e with nextest profile: default
    Starting 9 tests across 3 binaries (1 test skipped)
  TRY 1 ABRT [   0.007s] demo tests::aborts
  stdout ───

    running 1 test

    (test aborted with signal 6: SIGABRT)

  TRY 2 ABRT [   0.006s] demo tests::aborts
        SKIP [         ] demo tests::ignored
  TRY 1 FAIL [   0.076s] demo tests::fails
  stdout ───

    running 1 test
    test tests::fails ... FAILED

    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.07s

  TRY 1 FAIL [   0.076s] demo tests::flaky
  TRY 2 PASS [   0.005s] demo tests::flaky
  TRY 2 FAIL [   0.075s] demo tests::fails
        LEAK [   0.208s] demo tests::leaks
        PASS [   0.080s] (6/9) demo tests::panics
        PASS [   0.005s] demo tests::passes
        PASS [   0.004s] demo::it outside
        PASS [   0.004s] demo::bin/demo tests::in_main
        SLOW [>  1.000s] demo tests::slow
TRY 1 TRMNTG [>  2.000s] demo tests::slow
   TRY 1 TMT [   2.002s] demo tests::slow
   TRY 2 TMT [   2.003s] demo tests::slow
────────────
     Summary [   6.328s] 9 tests run: 6 passed (1 flaky, 1 leaky), 2 failed, 1 timed out, 1 skipped
   FLAKY 2/2 [   0.005s] demo tests::flaky
  TRY 2 ABRT [   0.004s] demo tests::aborts
  TRY 2 FAIL [   0.078s] demo tests::fails
   TRY 2 TMT [   2.004s] demo tests::slow
error: test run failed
";

#[test]
fn nextest_counts_and_names() {
    insta::assert_snapshot!(summary(NEXTEST), @r"
    6 passed, 3 failed, 1 skipped, 0 not run, 1 summaries, unfinished []
    Failed demo tests::aborts
    Failed demo tests::fails
    Flaky demo tests::flaky
    Skipped demo tests::ignored
    Passed demo tests::leaks
    Passed demo tests::panics
    Passed demo tests::passes
    Failed demo tests::slow
    Passed demo::bin/demo tests::in_main
    Passed demo::it outside
    ");
}

#[test]
fn one_runner_after_the_other_adds_up() {
    let both = read(SuiteFormat::Auto, &format!("{NEXTEST}{LIBTEST}")).tests;
    assert_eq!((both.passed, both.failed, both.skipped, both.summaries), (11, 4, 5, 5));
    assert!(
        both.with_status(TestStatus::Failed)
            .any(|test| test.name == "tests::fails")
    );
}

#[test]
fn nextest_says_what_it_did_not_run() {
    let text = " Nextest run ID 823417ea with nextest profile: default
     Summary [   0.083s] 3/9 tests run: 1 passed, 2 failed, 1 skipped
";
    let tests = read(SuiteFormat::Nextest, text).tests;
    assert_eq!((tests.passed, tests.failed, tests.not_run), (1, 2, 6));
    let cut = read(
        SuiteFormat::Nextest,
        " Nextest run ID 823417ea with nextest profile: default",
    )
    .tests;
    assert_eq!(cut.unfinished, [""]);
}

#[test]
fn errors_of_the_compiler_have_a_place() {
    let output = read(
        SuiteFormat::Auto,
        "error: something first\nwarning: x\nerror[E0308]: mismatched types\n  --> crates/a/src/lib.rs:3:9\n   |\n",
    );
    let error = output.error.unwrap();
    assert_eq!(error.message, "[E0308] mismatched types");
    assert_eq!(error.place, Some(("crates/a/src/lib.rs".into(), 3, 9)));
}

#[test]
fn a_missing_subcommand_or_component_is_recognised() {
    let missing = |text| read(SuiteFormat::Auto, text).missing;
    assert_eq!(
        missing("error: no such command: `nextest`").as_deref(),
        Some("cargo-nextest")
    );
    assert_eq!(
        missing("error: 'cargo-clippy' is not installed for the toolchain 'stable'.").as_deref(),
        Some("cargo-clippy")
    );
    assert_eq!(missing("error: it's not installed for the win"), None);
}

#[test]
fn suites_are_selected_by_glob() {
    let suites = [suite(&["a"])];
    assert_eq!(select(&suites, "un*").unwrap().len(), 1);
    assert_eq!(select(&suites, "suite.test.*").unwrap().len(), 1);
    let error = select(&suites, "prod_*").unwrap_err();
    assert_eq!(error.exit_code(), gate_base::exit::USAGE);
    assert_eq!(error.help.as_deref(), Some("choose one of the declared suites: unit"));
    assert_eq!(select(&suites, "{").unwrap_err().exit_code(), gate_base::exit::USAGE);
}

#[test]
fn input_globs_choose_files() {
    let directory = tempfile::tempdir().unwrap();
    let files = [("Cargo.toml", ""), ("src/lib.rs", ""), ("src/a/b.rs", "")];
    let workspace = workspace(directory.path(), &files);
    let paths = |inputs: &[&str]| {
        let suite = SuitePolicy {
            inputs: inputs.iter().map(|glob| (*glob).to_owned()).collect(),
            ..suite(&[])
        };
        let filter = InputFilter::new(&suite);
        let files = workspace.files().iter().filter(|file| filter.reads(&file.path));
        files.map(|file| file.path.clone()).collect::<Vec<_>>()
    };
    assert_eq!(paths(&[]), ["Cargo.toml", "src/a/b.rs", "src/lib.rs"]);
    assert_eq!(paths(&["src/*.rs"]), ["src/lib.rs"]);
    assert_eq!(paths(&["**/*.rs"]), ["src/a/b.rs", "src/lib.rs"]);
}

#[test]
fn the_environment_that_counts() {
    let environment = Environment::from_pairs([
        ("RUSTFLAGS", "-Cx"),
        ("RUSTC_WRAPPER", "wrapper"),
        ("CARGO_ALIAS_NEXTEST", "version"),
        ("CARGO_PROFILE_DEV_DEBUG", "0"),
        ("CARGO_TARGET_DIR", "/elsewhere"),
        ("HOME", "/home"),
        ("DATABASE_URL", "x"),
    ]);
    let suite = SuitePolicy {
        env: vec!["DATABASE_URL".into(), "UNSET".into()],
        ..suite(&[])
    };
    let inputs = environment_inputs(&suite, &environment);
    let names: Vec<_> = inputs.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "CARGO_ALIAS_NEXTEST",
            "CARGO_PROFILE_DEV_DEBUG",
            "DATABASE_URL",
            "RUSTC_WRAPPER",
            "RUSTFLAGS",
            "UNSET"
        ]
    );
    assert_eq!(inputs["UNSET"], None);
}

/// Lines that look like what the parsers know, in any order, with any damage.
fn plausible() -> impl Strategy<Value = String> {
    let known: Vec<String> = LIBTEST.lines().chain(NEXTEST.lines()).map(ToOwned::to_owned).collect();
    let line = prop_oneof![
        4 => proptest::sample::select(known),
        1 => "running [0-9]{1,22} tests",
        1 => "test result: ok\\. [0-9]{1,22} passed; [0-9]{1,22} failed; [0-9] ignored; 0 measured",
        1 => "     Summary \\[ 1s\\] [0-9]{1,22}/[0-9]{1,22} tests run: [0-9]{1,22} passed\\P{C}{0,9}",
        1 => "\\PC{0,40}",
        1 => "[ A-Z]{12} \\[[ 0-9.s]{1,9}\\] \\PC{0,20}",
    ];
    proptest::collection::vec(line, 0..40).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn no_output_makes_a_parser_panic(text in plausible(), cut in 0usize..400) {
        for format in [SuiteFormat::Auto, SuiteFormat::Libtest, SuiteFormat::Nextest] {
            let whole = read(format, &text);
            prop_assert!(whole.tests.tests.is_sorted_by_key(|test| (test.binary.clone(), test.name.clone())));
            let cut = text.chars().take(cut).collect::<String>();
            read(format, &cut);
        }
    }
}
