//! What the commands of suites print, and how they end.

use gate_tests::harness::Gate;

use super::row::{BROAD, CONTROLLED, PILOT, Row, row};
use super::workspace::RUNNER;

/// A runner of tests that prints these lines and ends with this status.
fn runner(what: &str, lines: &[&str], status: i32) -> Row {
    let printed: String = lines.iter().map(|line| format!("echo '{line}'\n")).collect();
    let script = format!("{printed}exit {status}\n");
    row(format!("run tests: {what}"), PILOT, "suite.test.runner", move |gate| {
        gate.write("runner.sh", &script);
    })
}

/// A command of which only the status counts.
fn script(what: &str, text: &'static str) -> Row {
    row(
        format!("run a script: {what}"),
        PILOT,
        "suite.test.script",
        move |gate| gate.write("script.sh", text),
    )
}

/// A command that changes a file which another suite reads.
fn changes(what: &str, text: &'static str) -> Row {
    row(
        format!("run a script: {what}"),
        PILOT,
        "suite.slo.service",
        move |gate| gate.write("script.sh", text),
    )
}

/// The tests of the library.
fn tests(what: &str, stage: &'static str, apply: impl Fn(&Gate) + Send + 'static) -> Row {
    row(what, stage, "suite.test.logic", apply)
}

const OK: &str = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
const FAILED: &str =
    "test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
const START: &str = " Nextest run ID f52094d0-ad41-41ac-8dc3-e150acec123d with nextest profile: default";

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![
        runner("nothing at all", &[], 0),
        runner("no summary", &["running 2 tests", "test a ... ok", "test b ... ok"], 0),
        runner("no test", &["running 0 tests", "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.00s"], 0),
        runner("only ignored ones", &["running 1 test", "test a ... ignored", "test result: ok. 0 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s"], 0),
        runner("a failure and status 0", &["running 2 tests", "test a ... ok", "test b ... FAILED", FAILED], 0),
        runner("a failure before another summary", &["running 2 tests", "test a ... FAILED", FAILED, "running 2 tests", "test c ... ok", "test d ... ok", OK], 0),
        runner("a failure after another summary", &["running 2 tests", "test c ... ok", "test d ... ok", OK, "running 2 tests", "test a ... ok", "test b ... FAILED", FAILED], 0),
        runner("a failure that the summary does not count", &["running 2 tests", "test a ... ok", "test b ... FAILED", OK], 0),
        runner("a summary that counts more than ran", &["running 1 test", "test a ... ok", "test result: FAILED. 1 passed; 9 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s"], 0),
        runner("a binary that never reports", &["running 2 tests", "test a ... ok", "test b ... ok", OK, "running 5 tests", "test c ... ok"], 0),
        runner("a second binary that starts and says nothing", &["running 1 test", "test a ... ok", "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s", "     Running unittests src/main.rs (target/debug/deps/x-1)", "running 3 tests"], 0),
        runner("a build that failed", &["error: could not compile `logic` (lib test) due to 1 previous error", "running 2 tests", "test a ... ok", "test b ... ok", OK], 0),
        runner("a build script that failed", &["error: failed to run custom build command for `logic v0.1.0`", "running 2 tests", "test a ... ok", "test b ... ok", OK], 101),
        runner("a good summary and status 101", &["running 2 tests", "test a ... ok", "test b ... ok", OK], 101),
        runner("a good summary and status 1", &["running 2 tests", "test a ... ok", "test b ... ok", OK], 1),
        runner("a good summary and status 255", &["running 2 tests", "test a ... ok", "test b ... ok", OK], 255),
        runner("nextest, no test", &[START, "     Summary [   0.006s] 0 tests run: 0 passed, 3 skipped"], 0),
        runner("nextest, a failure and status 0", &[START, "        FAIL [   0.006s] (1/1) demo a", "     Summary [   0.006s] 1 test run: 0 passed, 1 failed, 0 skipped"], 0),
        runner("nextest, a time-out and status 0", &[START, "     TIMEOUT [   0.006s] (1/1) demo a", "     Summary [   0.006s] 1 test run: 0 passed, 1 timed out, 0 skipped"], 0),
        runner("nextest, a failure before another run", &[START, "        FAIL [   0.006s] (1/1) demo a", "     Summary [   0.006s] 1 test run: 0 passed, 1 failed, 0 skipped", START, "        PASS [   0.006s] (1/1) demo b", "     Summary [   0.006s] 1 test run: 1 passed, 0 skipped"], 0),
        runner("nextest, no summary", &[START, "        PASS [   0.006s] (1/1) demo b"], 0),
        runner("nextest, fewer than planned", &[START, "    Starting 9 tests across 1 binary", "        PASS [   0.006s] (1/9) demo b", "     Summary [   0.006s] 1/9 tests run: 1 passed, 0 skipped"], 0),
        runner("nextest, status 100", &[START, "        PASS [   0.006s] (1/1) demo b", "     Summary [   0.006s] 1 test run: 1 passed, 0 skipped"], 100),
        script("status 1", "exit 1\n"),
        script("status 127", "no-such-program\n"),
        script("ended by a signal", "kill -9 $$\n"),
        script("ended by an interrupt", "kill -INT $$\n"),
        script("a failure of libtest and status 0", "echo 'running 1 test'\necho 'test a ... FAILED'\necho 'test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s'\n"),
        script("a failed build and status 0", "echo 'error: could not compile `x` (lib) due to 1 previous error' >&2\n"),
        changes("a file that appears", "touch left-behind.txt\n"),
        changes("a source that changes", "echo '// more' >> logic/src/lib.rs\n"),
        changes("the policy changes", "sed -i.bak -e s/1.1/19/ gate.toml\n"),
        changes("a file that is deleted", "rm VERSION\n"),
        changes("a file becomes executable", "chmod +x VERSION\n"),
        changes("a link appears", "ln -s VERSION RELEASE\n"),
        script("a secret in the log", "printf 'ghp_'\nprintf 'x%.0s' 1 2 3\necho; printf '%s%s\\n' \"$(cat planted/one)\" \"$(cat planted/two)\"\n")
            .then(|gate| {
                let token = gate_tests::planted::value("github_token");
                let (first, second) = token.split_at(20);
                gate.write("planted/one", first);
                gate.write("planted/two", second);
            }),
        row("run tests: every test ended early", PILOT, "suite.test.runner", |gate| {
            let early = "printf 'a\\tno device\\nb\\tno device\\n' >> \"$CARGO_GATE_NOT_RUN\"\n";
            gate.write("runner.sh", format!("{RUNNER}{early}"));
        }),
    ];
    rows.extend(libraries());
    rows
}

fn libraries() -> Vec<Row> {
    const SOURCE: &str = "logic/src/lib.rs";
    const ASSERTED: &str = "        assert_eq!(next(1), 2);";
    let statement = |what: &str, stage, statement: &'static str| {
        tests(what, stage, move |gate| {
            gate.replace(SOURCE, ASSERTED, &format!("        {statement}\n{ASSERTED}"));
        })
    };
    vec![
        statement("panic in a test", PILOT, "panic!();"),
        statement("end the process in a test", CONTROLLED, "std::process::exit(0);"),
        statement("abort the process in a test", BROAD, "std::process::abort();"),
        statement(
            "overflow in a test",
            PILOT,
            "let large = std::hint::black_box(255_u8); let _ = large + 1;",
        ),
        statement("do not compile a test", CONTROLLED, "let () = 1;"),
        tests("break the code under test at `broad`", BROAD, |gate| {
            gate.replace(SOURCE, "saturating_add(1)", "saturating_add(3)");
        }),
        tests("break the build at `controlled`", CONTROLLED, |gate| {
            gate.append(SOURCE, "fn {\n");
        }),
        tests("ignore one test", PILOT, |gate| {
            let text = gate.read(SOURCE);
            gate.write(SOURCE, text.replacen("#[test]", "#[test]\n    #[ignore]", 1));
        }),
        tests("compile one test for nobody", CONTROLLED, |gate| {
            let text = gate.read(SOURCE);
            gate.write(SOURCE, text.replacen("    #[test]", "    #[cfg(none)]\n    #[test]", 1));
        }),
        tests("use another harness", PILOT, |gate| {
            gate.append("logic/Cargo.toml", "\n[lib]\nharness = false\n");
        }),
        tests("move the library to another file", PILOT, |gate| {
            gate.append("logic/Cargo.toml", "\n[lib]\npath = \"src/other.rs\"\n");
            gate.write("logic/src/other.rs", "//! No tests.\n");
        }),
        tests("expect a panic that does not come", PILOT, |gate| {
            let text = gate.read(SOURCE);
            gate.write(SOURCE, text.replacen("#[test]", "#[test]\n    #[should_panic]", 1));
        }),
        row(
            "leave a file unformatted at `controlled`",
            CONTROLLED,
            "suite.tool.format",
            |gate| {
                gate.append("native/src/lib.rs", "pub  fn  two( )->u8{2}\n");
            },
        ),
        row("configure another format", BROAD, "suite.tool.format", |gate| {
            gate.write("rustfmt.toml", "tab_spaces = 3\n");
        }),
        row(
            "configure another format of one member",
            CONTROLLED,
            "suite.tool.format",
            |gate| {
                gate.write("logic/.rustfmt.toml", "hard_tabs = true\n");
            },
        ),
    ]
}
