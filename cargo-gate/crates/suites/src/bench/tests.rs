//! The benchmarks are this test binary itself, started again for one of the ignored tests below.

use super::*;
use crate::tests::{run_in, shown, suite, workspace};
use gate_policy::{BenchMode, BenchPolicy, Noise};

#[test]
#[ignore = "started by the other tests"]
fn fast() {
    println!("\n{{\"name\": \"work\", \"unit\": \"us\", \"samples\": [100, 101, 102]}}");
}

#[test]
#[ignore = "started by the other tests"]
fn slow() {
    println!("\n{{\"name\": \"work\", \"unit\": \"us\", \"samples\": [200, 201, 202]}}");
}

#[test]
#[ignore = "started by the other tests"]
fn silent() {
    println!("\nnothing to see");
}

#[test]
#[ignore = "started by the other tests"]
fn fails() {
    println!("\n{{\"name\": \"work\", \"unit\": \"us\", \"samples\": [1]}}");
    panic!("the benchmark is broken");
}

/// As criterion does.
#[test]
#[ignore = "started by the other tests"]
fn writes_files() {
    let home = std::env::var_os("CRITERION_HOME").expect("a directory");
    let new = Path::new(&home).join("work").join("new");
    fs::create_dir_all(&new).unwrap();
    fs::write(
        new.join("benchmark.json"),
        "{\"full_id\": \"work\", \"title\": \"work\"}",
    )
    .unwrap();
    fs::write(new.join("sample.json"), "{\"iters\": [2, 4], \"times\": [200, 408]}").unwrap();
    fs::write(new.join("estimates.json"), "{}").unwrap();
    // The second is one of libtest, in another binary of the same command.
    println!("\ntest work ... bench: 101 ns/iter (+/- 1)\ntest other ... bench: 7 ns/iter (+/- 1)");
}

fn command(role: &str) -> Vec<String> {
    let program = std::env::current_exe().unwrap().to_string_lossy().into_owned();
    let name = format!("bench::tests::{role}");
    [
        program,
        "--exact".into(),
        name,
        "--ignored".into(),
        "--nocapture".into(),
    ]
    .into()
}

fn bench(measured: &str, reference: Option<&str>) -> SuitePolicy {
    let policy = BenchPolicy {
        reference: reference.map_or(BenchReference::None, |role| BenchReference::Command(command(role))),
        rounds: 3,
        mode: BenchMode::Pr,
        time: 1.25,
        size: 1.2,
        max_mad: 0.1,
        noisy: Noise::Refuse,
        min_samples: 5,
        expect: Vec::new(),
        added: Noise::Refuse,
        metrics: Vec::new(),
    };
    SuitePolicy {
        group: None,
        kind: gate_policy::SuiteKind::Bench,
        command: command(measured),
        bench: Some(Box::new(policy)),
        ..suite(&[])
    }
}

fn run(suite: &SuitePolicy) -> (SuiteRun, String) {
    let directory = tempfile::tempdir().unwrap();
    let workspace = workspace(directory.path(), &[("Cargo.toml", ""), ("Cargo.lock", "version = 4\n")]);
    let run = run_in(&workspace, suite);
    let log = fs::read_to_string(&run.log).unwrap_or_default();
    (run, log)
}

/// What was found, without the path of this binary.
fn said(run: &SuiteRun) -> String {
    let program = command("x").swap_remove(0);
    shown(run).replace(&program, "PROGRAM").replace('\\', "/")
}

#[test]
fn a_command_and_its_reference_take_turns() {
    let (run, log) = run(&bench("slow", Some("fast")));
    let result = run.suite.clone().unwrap();
    assert_eq!((result.passed, result.failed, result.skipped), (0, 1, 0));
    let measured = &result.measurements[0];
    assert_eq!(
        (measured.samples, measured.median.0, measured.reference.unwrap().0),
        (9, 201e3, 101e3)
    );
    assert!(
        said(&run).contains("`work` is 1.99 times its reference"),
        "{}",
        said(&run)
    );
    let order: Vec<&str> = log
        .lines()
        .filter_map(|line| line.strip_prefix("== round ")?.split(':').next())
        .collect();
    assert_eq!(
        order,
        [
            "1, measured",
            "1, reference",
            "2, reference",
            "2, measured",
            "3, measured",
            "3, reference",
        ]
    );
    assert!(
        log.ends_with("== work: 201 µs (9 samples), 1.99 times the 101 µs of its reference (1.97 to 2.01)\n"),
        "{log}"
    );
}

#[test]
fn equal_commands_pass() {
    let (run, _) = run(&bench("fast", Some("fast")));
    assert!(
        matches!(&run.result, EvidenceResult::Findings(findings) if findings.is_empty()),
        "{}",
        said(&run)
    );
    assert_eq!(run.suite.unwrap().passed, 1);
}

#[test]
fn what_measures_nothing_or_fails_is_no_pass() {
    let inconclusive = |measured, reference| {
        let (run, _) = run(&bench(measured, reference));
        match run.result {
            EvidenceResult::Inconclusive(reason) => format!("{}: {}", reason.code, reason.message),
            other => panic!("{other:?}"),
        }
    };
    insta::assert_snapshot!(inconclusive("silent", Some("fast")), @"not_measured: no benchmark was measured");
    insta::assert_snapshot!(inconclusive("fast", Some("silent")), @"not_measured: the reference measured no benchmark; no benchmark has a limit, so nothing was judged");
    assert!(inconclusive("fast", Some("fails")).starts_with("reference_failed: the reference"));
    let (run, _) = run(&bench("fails", Some("fast")));
    let EvidenceResult::Findings(findings) = &run.result else {
        panic!("{:?}", run.result);
    };
    assert!(findings[0].message.ends_with("exited with code 101") && findings[0].blocks_at.is_some());
}

#[test]
fn files_of_criterion_count_and_what_it_repeats_does_not() {
    let mut suite = bench("writes_files", Some("writes_files"));
    if let Some(bench) = &mut suite.bench {
        bench.min_samples = 3;
    }
    let (run, _) = run(&suite);
    let result = run.suite.unwrap();
    let measured = result.measurements.iter();
    let measured: Vec<(&str, u64, f64)> = measured
        .map(|benchmark| (benchmark.name.as_str(), benchmark.samples, benchmark.median.0))
        .collect();
    assert_eq!(measured, [("other", 3, 7.0), ("work", 6, 101.0)]);
    assert_eq!(result.passed, 2);
}
