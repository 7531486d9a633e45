//! The benchmarks are this test binary itself, started again for one of the ignored tests below.

mod documents;
mod processes;

use std::fs;

use super::*;
use crate::tests::{run_in, shown, suite, workspace};
use gate_policy::{Added, BenchMode, BenchPolicy};
use gate_report::{BenchmarkResult, Standing};

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
fn small() {
    println!("\n{{\"name\": \"binary\", \"unit\": \"KiB\", \"samples\": [100]}}");
}

#[test]
#[ignore = "started by the other tests"]
fn large() {
    println!("\n{{\"name\": \"binary\", \"unit\": \"KiB\", \"samples\": [130]}}");
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
    eprintln!("error: Unrecognized option: 'warm-up-time'");
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
        max_pairs: 60,
        build: None,
        process: Vec::new(),
        json: Vec::new(),
        mode: BenchMode::Pr,
        time: 1.1,
        size: 1.2,
        memory: 1.05,
        count: 1.01,
        expect: Vec::new(),
        added: Added::Refuse,
        metrics: Vec::new(),
        calibrate: false,
    };
    SuitePolicy {
        group: None,
        kind: gate_policy::SuiteKind::Bench,
        command: command(measured),
        bench: Some(Box::new(policy)),
        ..suite(&[])
    }
}

/// A policy that measures this of each process.
pub(super) fn process_policy(process: &[gate_policy::ProcessMetric]) -> BenchPolicy {
    let suite = bench("silent", None);
    BenchPolicy {
        process: process.to_vec(),
        ..*suite.bench.unwrap()
    }
}

fn metric(name: &str) -> gate_policy::MetricPolicy {
    gate_policy::MetricPolicy {
        name: name.into(),
        reference: None,
        max_ratio: None,
        min_ratio: None,
        at_most: None,
        at_least: None,
        blocks_at: None,
        location: gate_report::Location::line("gate.toml", 9),
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

/// What the log has of each process: its pair and its side.
fn processes(log: &str) -> Vec<(&str, &str)> {
    let headings = log
        .lines()
        .filter_map(|line| line.strip_prefix("== ")?.split_once(": ")?.0.split_once(", "));
    headings.filter(|(pair, _)| pair.contains("pair")).collect()
}

#[test]
fn what_is_worse_is_rebuilt_and_measured_again() {
    let (run, log) = run(&bench("slow", Some("fast")));
    let result = run.suite.clone().unwrap();
    assert_eq!((result.passed, result.failed, result.skipped), (0, 1, 0));
    let measured = &result.measurements[0];
    assert_eq!(
        (
            measured.samples,
            measured.median.0,
            measured.reference.unwrap().0,
            measured.pairs
        ),
        (42, 201e3, 101e3, 14)
    );
    assert!(
        said(&run).contains("`work` is 2.00 times its reference; at most 1.10 is allowed"),
        "{}",
        said(&run)
    );
    let processes = processes(&log);
    assert_eq!(processes.len(), 2 * 2 * (1 + 14), "{log}");
    assert!(
        log.contains("== `work` is worse, so it is rebuilt and measured again"),
        "{log}"
    );
    // One process of each side in each pair, and both orders in two pairs.
    for pair in processes.chunks(2) {
        assert!(pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1, "{pair:?}");
    }
    for two in processes[..28].chunks(4) {
        assert_eq!(two[0].1, two[3].1, "{two:?}");
    }
    assert!(log.contains("== order by coin: seed "), "{log}");
}

#[test]
fn equal_commands_pass_and_say_what_they_excluded() {
    let (run, log) = run(&bench("fast", Some("fast")));
    assert!(
        matches!(&run.result, EvidenceResult::Findings(findings) if findings.is_empty()),
        "{}",
        said(&run)
    );
    assert_eq!(run.suite.unwrap().passed, 1);
    assert_eq!(processes(&log).len(), 2 * (1 + 10));
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.starts_with("== control") || line.starts_with("== work"))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    == control: 0 of 1 benchmarks fail compared with themselves, 0 pass when they are made worse by 3 times their limit
    == work: 101 µs (30 samples), 1.00 times the 101 µs of its reference (1.00 to 1.00 in 10 pairs)
    ");
}

/// What a pass says: how large a change it excludes, and which one as many pairs would have failed.
#[test]
fn a_pass_says_how_good_it_is() {
    let real = gate_report::Real;
    let measured = BenchmarkResult {
        name: "parse".into(),
        unit: "ns".into(),
        samples: 130,
        median: real(201e3),
        mad: real(2e3),
        reference: Some(real(199e3)),
        ratio: Some(real(1.01)),
        low: real(0.993),
        high: real(1.026),
        pairs: 26,
        limit: Some(real(1.1)),
        caught: Some(real(1.112)),
        why: None,
        standing: Standing::Within,
    };
    let rate = BenchmarkResult {
        unit: "MB/s".into(),
        low: real(0.97),
        limit: Some(real(0.9)),
        caught: None,
        ..measured.clone()
    };
    let failed = BenchmarkResult {
        standing: Standing::Beyond,
        ..measured.clone()
    };
    insta::assert_snapshot!([measured, rate, failed].each_ref().map(line).join("\n"), @"
    parse: 201 µs (130 samples), 1.01 times the 199 µs of its reference (0.993 to 1.03 in 26 pairs); slower than +2.6 % excluded at 95 %; +11.2 % would have failed
    parse: 201000 MB/s (130 samples), 1.01 times the 199000 MB/s of its reference (0.970 to 1.03 in 26 pairs); lower than -3.0 % excluded at 95 %
    parse: 201 µs (130 samples), 1.01 times the 199 µs of its reference (0.993 to 1.03 in 26 pairs)
    ");
}

/// Sizes are the same each time, so that two processes of each side are enough.
#[test]
fn what_is_the_same_each_time_needs_no_more_pairs() {
    let (run, log) = run(&bench("large", Some("small")));
    assert_eq!(processes(&log).len(), 2 * 2, "{log}");
    assert!(
        said(&run).contains("`binary` is 1.30 times its reference; at most 1.20 is allowed"),
        "{}",
        said(&run)
    );
}

#[test]
fn the_time_of_a_process_is_a_benchmark_where_that_is_asked() {
    let mut suite = bench("silent", None);
    // A part of the name: the helper, where there is one, takes a whole one for a test of its own.
    suite.command.splice(1..3, ["tests::silent".to_owned()]);
    let bench = suite.bench.as_mut().unwrap();
    (bench.process, bench.rounds) = (vec![gate_policy::ProcessMetric::Wall], 5);
    bench.metrics = vec![gate_policy::MetricPolicy {
        at_most: Some(600.0),
        ..metric("wall")
    }];
    let (run, _) = run(&suite);
    let result = run.suite.unwrap();
    assert_eq!(
        (
            result.passed,
            result.measurements[0].name.as_str(),
            result.measurements[0].samples
        ),
        (1, "wall", 5)
    );
}

#[test]
fn a_calibration_proposes_a_limit_and_is_no_evidence() {
    let mut suite = bench("fast", Some("fast"));
    let bench = suite.bench.as_mut().unwrap();
    (bench.calibrate, bench.max_pairs) = (true, 26);
    let (run, log) = run(&suite);
    assert_eq!(processes(&log).len(), 2 * (1 + 26));
    insta::assert_snapshot!(proposal("unit", "a machine", &run.suite.unwrap().measurements), @r#"
    # `cargo gate suite unit --calibrate` on a machine.

    [[suite.bench.metric]]
    name = "work"
    max-ratio = 1.01
    "#);
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
    insta::assert_snapshot!(inconclusive("fast", Some("silent")), @"not_measured: the reference measured no benchmark; `work` has no counterpart in the reference");
    assert!(inconclusive("fast", Some("fails")).starts_with("reference_failed: the reference"));
    let (run, _) = run(&bench("fails", Some("fast")));
    let EvidenceResult::Findings(findings) = &run.result else {
        panic!("{:?}", run.result);
    };
    let why = "exited with code 101: Unrecognized option: 'warm-up-time'";
    assert!(findings[0].message.ends_with(why), "{}", findings[0].message);
    assert!(findings[0].blocks_at.is_some());
}

#[test]
fn files_of_criterion_count_and_what_it_repeats_does_not() {
    let (run, _) = run(&bench("writes_files", Some("writes_files")));
    let result = run.suite.unwrap();
    let measured = result.measurements.iter();
    let measured: Vec<(&str, u64, f64)> = measured
        .map(|benchmark| (benchmark.name.as_str(), benchmark.samples, benchmark.median.0))
        .collect();
    // The one of libtest has the same time in every process, which no clock gives.
    assert_eq!(measured, [("other", 10, 7.0), ("work", 20, 101.0)]);
    assert_eq!((result.passed, result.skipped), (1, 1));
}
