//! Whole processes. Their helper is this test binary too: what stands behind `--` are filters for it, of which none is the name of
//! another test, and arguments for the helper.

#![cfg(unix)]

use std::ffi::OsString;
use std::hint::black_box;

use gate_base::process::usage;
use gate_policy::{MetricPolicy, ProcessMetric};

use super::*;

const MARK: &str = "measure-child";

#[test]
#[ignore = "started by the other tests"]
#[expect(clippy::exit, reason = "the helper ends with the code of its child")]
fn helper() {
    let arguments = std::env::args_os().skip_while(|argument| argument != MARK);
    std::process::exit(usage::measure(arguments.skip(1)).unwrap());
}

#[test]
#[ignore = "started by the other tests"]
fn role_small() {
    black_box(vec![1_u8; 64 << 20]);
}

#[test]
#[ignore = "started by the other tests"]
fn role_large() {
    black_box(vec![1_u8; 96 << 20]);
}

#[test]
#[ignore = "started by the other tests"]
fn role_works() {
    work(1);
}

#[test]
#[ignore = "started by the other tests"]
fn role_toils() {
    work(6);
}

/// Long enough for a clock that counts in ticks.
#[test]
#[ignore = "started by the other tests"]
fn role_busy() {
    black_box(vec![1_u8; 64 << 20]);
    work(6);
}

#[test]
#[ignore = "started by the other tests"]
fn role_fails() {
    panic!("the program is broken");
}

fn work(times: u64) {
    let mut state = 1_u64;
    for step in 0..times * 2_000_000 {
        state = black_box(state.wrapping_mul(step | 1).rotate_left(7));
    }
}

/// A part of a name finds the role, and is no whole name that the helper would take for one of its tests.
fn command(role: &str) -> Vec<String> {
    let words = [
        std::env::current_exe().unwrap().to_string_lossy().into_owned(),
        format!("processes::role_{role}"),
        "--ignored".into(),
    ];
    words.into()
}

fn named() {
    let program = std::env::current_exe().unwrap().into_os_string();
    let words = [
        "bench::tests::processes::helper",
        "--exact",
        "--ignored",
        "--nocapture",
        "--",
        MARK,
    ];
    usage::use_helper([program].into_iter().chain(words.map(OsString::from)).collect());
}

fn compared(process: &[ProcessMetric], measured: Vec<String>, reference: Vec<String>) -> SuitePolicy {
    named();
    let mut suite = bench("silent", None);
    suite.command = measured;
    let policy = suite.bench.as_mut().unwrap();
    policy.reference = BenchReference::Command(reference);
    policy.process = process.to_vec();
    suite
}

fn measured(run: &SuiteRun) -> Vec<(&str, &str)> {
    let all = &run.suite.as_ref().unwrap().measurements;
    all.iter().map(|one| (one.name.as_str(), one.unit.as_str())).collect()
}

#[test]
fn a_peak_of_memory_has_its_own_budget() {
    let (run, log) = run(&compared(&[ProcessMetric::Memory], command("large"), command("small")));
    let said = said(&run);
    assert!(said.contains("`memory` is 1.4"), "{said}{log}");
    assert!(said.contains("at most 1.05 is allowed"), "{said}");
    assert_eq!(measured(&run), [("memory", "bytes")]);
    let peak = run.suite.unwrap().measurements[0].median.0 / f64::from(1 << 20);
    assert!((96.0..200.0).contains(&peak), "{peak} MiB");
}

#[test]
fn the_same_program_needs_the_same_memory() {
    let (run, _) = run(&compared(&[ProcessMetric::Memory], command("small"), command("small")));
    let said = said(&run);
    assert!(said.starts_with("1 passed, 0 failed, 0 skipped"), "{said}");
}

#[test]
fn processor_time_is_that_of_the_command() {
    let (run, log) = run(&compared(&[ProcessMetric::User], command("toils"), command("works")));
    let said = said(&run);
    assert!(said.contains("`user` is "), "{said}{log}");
    assert!(said.contains("at most 1.10 is allowed"), "{said}");
    assert_eq!(measured(&run), [("user", "ns")]);
}

/// The helper itself is no measurement.
#[test]
fn what_is_smaller_than_the_helper_has_no_known_peak() {
    let program = || vec!["true".to_owned()];
    let (run, _) = run(&compared(&[ProcessMetric::Memory], program(), program()));
    let said = said(&run);
    if cfg!(target_os = "linux") {
        assert!(
            said.contains("`memory` of the process is unknown, because it does not exceed the "),
            "{said}"
        );
        assert!(said.contains(" of the process that starts it"), "{said}");
    }
}

#[test]
fn a_command_that_fails_measures_nothing() {
    let (run, _) = run(&compared(&[ProcessMetric::Wall], command("fails"), command("works")));
    let said = said(&run);
    assert!(
        said.contains("processes::role_fails --ignored` exited with code 101"),
        "{said}"
    );
    let killed = || ["sh", "-c", "kill -9 $$"].map(str::to_owned).to_vec();
    let (run, _) = super::run(&compared(&[ProcessMetric::Wall], killed(), command("works")));
    let killed = super::said(&run);
    assert!(killed.contains("was killed by signal 9"), "{killed}");
}

/// A limit of one's own, in the unit of the metric: seconds and MiB.
#[test]
fn each_metric_has_its_unit() {
    let all = [ProcessMetric::Wall, ProcessMetric::User, ProcessMetric::Memory];
    let mut suite = compared(&all, command("busy"), Vec::new());
    let policy = suite.bench.as_mut().unwrap();
    (policy.reference, policy.rounds) = (BenchReference::None, 5);
    let most = |name: &str, most: f64| MetricPolicy {
        at_most: Some(most),
        ..metric(name)
    };
    policy.metrics = vec![most("memory", 200.0), most("*", 600.0)];
    let (kept, _) = run(&suite);
    assert!(said(&kept).starts_with("3 passed, 0 failed"), "{}", said(&kept));
    assert_eq!(measured(&kept), [("memory", "bytes"), ("user", "ns"), ("wall", "ns")]);
    suite.bench.as_mut().unwrap().metrics[0].at_most = Some(60.0);
    let (broken, _) = run(&suite);
    assert!(said(&broken).contains("`memory` "), "{}", said(&broken));
    assert!(said(&broken).contains("at most 60.0 MiB"), "{}", said(&broken));
}

#[test]
fn a_benchmark_of_the_same_name_is_not_mixed_in() {
    named();
    let mut suite = bench("silent", None);
    suite.command = ["echo", "{\"name\": \"wall\", \"unit\": \"s\", \"samples\": [1]}"]
        .map(str::to_owned)
        .into();
    suite.bench.as_mut().unwrap().process = vec![ProcessMetric::Wall];
    let (run, _) = run(&suite);
    let said = said(&run);
    assert!(
        said.contains("`wall` of the process is the name of a benchmark too"),
        "{said}"
    );
}
