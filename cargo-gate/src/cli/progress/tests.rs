//! What people and logs see, by events and a clock that the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::printer::tests::Shared;
use super::*;

fn play(detail: Detail) -> String {
    let err = Shared::default();
    let printer = Printer::over(std::io::sink(), err.clone(), detail);
    let progress = Progress::new(&printer);
    progress.event(&Event::Started { to_run: 2, reused: 1 });
    progress.event(&Event::CheckStarted {
        id: "lockfile.fresh",
        long: false,
        expected: None,
    });
    progress.event(&Event::CheckStarted {
        id: "suite.test.default",
        long: true,
        expected: None,
    });
    for number in 1..=32 {
        if number == 20 {
            progress.event(&Event::Output {
                id: "suite.test.default",
                line: "\u{1b}[1m    Blocking\u{1b}[0m waiting for file lock on package cache",
            });
        }
        progress.event(&Event::Output {
            id: "suite.test.default",
            line: &format!("\u{1b}[32mtest {number}\u{1b}[0m"),
        });
    }
    let end = |id, outcome, duration_ms, reused| Event::CheckFinished {
        id,
        outcome,
        duration_ms,
        reused,
    };
    progress.event(&end("lockfile.fresh", Outcome::Fail, 3, false));
    progress.event(&end("boundary.raw", Outcome::Pass, 3, true));
    progress.event(&end("suite.test.default", Outcome::Fail, 12_340, false));
    progress.event(&Event::Finished);
    err.text()
}

#[test]
fn a_log_gets_a_line_per_long_check_and_the_tail_of_what_failed() {
    let text = play(Detail::Normal);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3 + TAIL);
    insta::assert_snapshot!([&lines[..5], &lines[lines.len() - 1..]].concat().join("\n"), @r"
         Running suite.test.default
        Finished suite.test.default in 12.34s: fail
        last 30 lines of suite.test.default:
        | test 3
        | test 4
        | test 32
    ");
}

/// What a person or a log sees of a suite whose clock goes by this many seconds at each tick.
fn watch(detail: Detail, at_terminal: bool, expected: Option<Expected>) -> Vec<String> {
    const ID: &str = "suite.test.unit";
    let err = Shared::default();
    let printer = Printer::over(std::io::sink(), err.clone(), detail);
    let seconds = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&seconds);
    let bar = at_terminal.then(ProgressBar::hidden);
    let progress = Progress::with(
        &printer,
        bar,
        Box::new(move || Duration::from_secs(clock.load(Ordering::Relaxed))),
    );
    let mut seen = Vec::new();
    let mut tick = |to: u64| {
        seconds.store(to, Ordering::Relaxed);
        progress.event(&Event::Tick);
        seen.extend(
            progress
                .bar
                .as_ref()
                .map(|bar| format!("{} {}", bar.position(), bar.message())),
        );
    };
    progress.event(&Event::Started { to_run: 3, reused: 0 });
    progress.event(&Event::CheckStarted {
        id: ID,
        long: true,
        expected,
    });
    tick(1);
    progress.event(&Event::Output {
        id: ID,
        line: "   Compiling serde v1.0.229 (/x)",
    });
    tick(29);
    tick(31);
    for (done, failed, announced) in [(0, 0, 40), (12, 1, 40)] {
        let tests = TestCount {
            done,
            failed,
            announced,
        };
        progress.event(&Event::Tests { id: ID, tests });
    }
    tick(60);
    tick(65);
    progress.event(&Event::CheckFinished {
        id: ID,
        outcome: Outcome::Pass,
        duration_ms: 65_000,
        reused: false,
    });
    tick(200);
    if at_terminal {
        seen
    } else {
        err.text().lines().map(str::to_owned).collect()
    }
}

const MINUTE: Option<Expected> = Some(Expected {
    duration: Duration::from_secs(60),
    tests: 100,
});

#[test]
fn the_bar_moves_while_a_suite_runs() {
    insta::assert_snapshot!(watch(Detail::Normal, true, MINUTE).join("\n"), @"
    16 0/3 suite.test.unit: 1s of about 1m 00s
    483 0/3 suite.test.unit: compiling serde v1.0.229, 29s of about 1m 00s
    516 0/3 suite.test.unit: compiling serde v1.0.229, 31s of about 1m 00s
    950 0/3 suite.test.unit: 12 of 100 tests, 1 failed, 1m 00s of about 1m 00s
    950 0/3 suite.test.unit: 12 of 100 tests, 1 failed, 1m 05s (usually 1m 00s)
    1000 1/3
    ");
    insta::assert_snapshot!(watch(Detail::Normal, true, None).join("\n"), @"
    0 0/3 suite.test.unit: 1s
    0 0/3 suite.test.unit: compiling serde v1.0.229, 29s
    0 0/3 suite.test.unit: compiling serde v1.0.229, 31s
    300 0/3 suite.test.unit: 12 of 40 tests, 1 failed, 1m 00s
    300 0/3 suite.test.unit: 12 of 40 tests, 1 failed, 1m 05s
    1000 1/3
    ");
}

#[test]
fn a_log_hears_every_half_minute_what_still_runs() {
    insta::assert_snapshot!(watch(Detail::Normal, false, MINUTE).join("\n"), @"
     Running suite.test.unit
     Running suite.test.unit: compiling serde v1.0.229, 31s of about 1m 00s
     Running suite.test.unit: 12 of 100 tests, 1 failed, 1m 05s (usually 1m 00s)
    Finished suite.test.unit in 1m 05s: pass
    ");
    assert_eq!(watch(Detail::Quiet, false, MINUTE), Vec::<String>::new());
}

#[test]
fn quiet_is_quiet() {
    assert_eq!(play(Detail::Quiet), "");
}

#[test]
fn threads_may_talk_at_once() {
    let err = Shared::default();
    let printer = Printer::over(std::io::sink(), err.clone(), Detail::Normal);
    let progress = Progress::new(&printer);
    let ids: Vec<String> = (0..8).map(|number| format!("suite.test.s{number}")).collect();
    std::thread::scope(|scope| {
        for id in &ids {
            let progress = &progress;
            scope.spawn(move || {
                progress.event(&Event::CheckStarted {
                    id,
                    long: true,
                    expected: None,
                });
                progress.event(&Event::Output { id, line: id });
                progress.event(&Event::CheckFinished {
                    id,
                    outcome: Outcome::Fail,
                    duration_ms: 1,
                    reused: false,
                });
            });
        }
    });
    let text = err.text();
    for id in &ids {
        assert!(text.contains(&format!("last 1 line of {id}:\n    | {id}\n")), "{text}");
    }
}
