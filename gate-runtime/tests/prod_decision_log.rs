//! Production suite: every dispatch is in the decision log, whole, in order, and as the schema says.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use gate_runtime::backend::cuda::{DriverError, Step};
use gate_runtime::decision_log::read::{self, Event, normalise};
use gate_runtime::decision_log::{DecisionLog, SCHEMA};
use gate_runtime::{Arg, ControlState, Faults, KernelSpec, Mode, RailReason, Reason, Runtime};
use serde_json::Value;
use support::{AXPY, Memory, axpy, axpy_spec, call, device, leak, logged};

fn validate(text: &str) {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).expect("a line is JSON");
        let errors: Vec<String> = validator.iter_errors(&line).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?} in {line:#}");
    }
}

/// The keys that requirements name, for every decision.
const MANDATORY: &str = "\
    schema_version run_id seq ts kernel kernel_candidates score workload hw mode shadow_mode \
    shadow_reason rollback rollback_count pressure guard_miss fallback cache_hit budget_exceeded \
    contract contract_reason backend_reason graph_breaks break_first break_counts compilability fp \
    requested available fallback_to_cpu graph_replayed outcome status";

#[test]
fn a_run_on_the_cpu_fills_every_mandatory_key() {
    let (builder, log) = logged();
    let runtime = builder.cpu_only().build().expect("the configuration is valid");
    let kernel = runtime.register(axpy_spec()).expect("the kernel is valid");
    assert!(call(&kernel).0.is_ok());
    runtime.flush().expect("memory can be written");
    let text = log.text();
    validate(&text);
    let line: Value = serde_json::from_str(text.lines().nth(1).expect("there is a decision")).expect("it is JSON");
    for key in MANDATORY.split(' ') {
        assert!(
            line.get(key).is_some_and(|value| !value.is_null()),
            "`{key}` in {line:#}"
        );
    }
    assert_eq!(log.decisions().len(), 1);
}

#[test]
fn every_kind_of_outcome_is_valid_and_reads_back() {
    let device = device().expect("the device opens");
    let _ = call(&device.axpy);
    device.driver.fail(Step::Launch, DriverError::LAUNCH_FAILED, 0, 1);
    let _ = call(&device.axpy);
    let _ = device.axpy.launch(&mut []);
    device.axpy.modules()[0].corrupt(0);
    let _ = call(&device.axpy);
    let _ = device.runtime.launch("unknown \"\n\u{1}", &mut []);
    device.runtime.flush().expect("memory can be written");
    let text = device.log.text();
    validate(&text);
    let decisions = device.log.decisions();
    let seen: Vec<(String, u64, u64)> = decisions
        .iter()
        .map(|decision| (decision.outcome.to_string(), decision.fallback, decision.guard_miss))
        .collect();
    assert_eq!(
        seen,
        [
            ("native".to_owned(), 0, 0),
            (
                "fallback (native_failed_fallback;launch_failed;runtime_error_719)".to_owned(),
                1,
                0
            ),
            ("error (input_count_mismatch)".to_owned(), 1, 0),
            ("error (fingerprint_mismatch)".to_owned(), 1, 1),
        ]
    );
    assert_eq!(decisions[3].contract_reason, Some(Reason::FingerprintMismatch));
    assert_eq!(decisions[0].score, 1);
    assert_eq!(decisions[0].kernel_candidates, ["axpy_f32", "cpu"]);
    let Some(Event::Other { subject, .. }) = device.log.lines().pop().map(|line| line.event) else {
        panic!("the unknown kernel is an event");
    };
    assert_eq!(subject, "unknown \"\n\u{1}");
}

#[test]
fn the_log_ends_with_the_runtime() {
    let device = device().expect("the device opens");
    let _ = call(&device.axpy);
    let log = device.log.clone();
    drop((device.runtime, device.axpy));
    validate(&log.text());
    assert_eq!(log.lines().last().map(|line| line.event.clone()), Some(Event::Close));
}

#[test]
fn decisions_carry_the_state_of_the_rails() {
    let device = device().expect("the device opens");
    let state = ControlState {
        mode: Mode::Safe,
        shadow_mode: Mode::Native,
        shadow_reason: RailReason::Latency,
        rollback_reason: RailReason::RuntimeError,
        rollback_count: 3,
        pressure_permille: 210,
    };
    device.runtime.control().set(state);
    let _ = call(&device.axpy);
    device.runtime.flush().expect("memory can be written");
    validate(&device.log.text());
    assert_eq!(device.log.decisions()[0].control, state);
    let text = device.log.text();
    assert!(
        text.contains("\"rollback\":\"RUNTIME_ERROR\",\"rollback_count\":3,\"pressure\":0.210,"),
        "{text}"
    );
}

#[test]
fn equal_runs_have_equal_logs_but_for_times() {
    let run = || {
        let device = device().expect("the device opens");
        let _ = call(&device.axpy);
        for (step, error) in [(Step::CopyIn, 1), (Step::CopyOut, 2), (Step::Synchronize, 700)] {
            device.driver.fail(step, DriverError(error), 0, 1);
            let _ = call(&device.axpy);
        }
        let _ = device.axpy.launch(&mut [Arg::scalar(1_u8)]);
        let log = device.log.clone();
        drop((device.runtime, device.axpy));
        log.text()
            .lines()
            .map(|line| normalise(line).expect("a line is JSON"))
            .collect::<Vec<_>>()
    };
    let first = run();
    assert_eq!(first.len(), 7);
    for _ in 0..4 {
        assert_eq!(run(), first);
    }
}

#[test]
fn a_workload_is_logged_with_its_breaks_however_long_its_name() {
    let device = device().expect("the device opens");
    let plain = device.runtime.register(KernelSpec {
        contract: leak(gate_runtime::Contract::new("plain", AXPY.params())),
        cpu: axpy,
        variants: &[],
    });
    let plain = plain.expect("the kernel is valid");
    let name = format!("a \"workload\"\twith\\ a name of {}", "many letters, ".repeat(300));
    let plan = device
        .runtime
        .plan(&name, &[&device.axpy, &plain, &device.axpy, &plain]);
    let _ = call(&plain.in_plan(&plan));
    device.runtime.flush().expect("memory can be written");
    let text = device.log.text();
    validate(&text);
    assert!(
        text.lines().any(|line| line.len() > 4096),
        "a line is as long as it has to be"
    );
    let decision = &device.log.decisions()[0];
    assert_eq!(decision.workload, name);
    assert_eq!((decision.graph_breaks, decision.compilability), (2, 0.5));
    assert_eq!(decision.break_first, "plain:no_native_variant");
    assert_eq!(decision.break_counts.get("no_native_variant"), Some(&2));
}

/// A writer that lets nothing through while it is closed.
#[derive(Clone, Default)]
struct Gate {
    open: Arc<(Mutex<bool>, Condvar)>,
    memory: Memory,
}

impl Gate {
    fn set(&self, open: bool) {
        *self.open.0.lock().expect("no test panics here") = open;
        self.open.1.notify_all();
    }
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let guard = self.open.0.lock().expect("no test panics here");
        let _open = self
            .open
            .1
            .wait_while(guard, |open| !*open)
            .expect("no test panics here");
        self.memory.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_hangs_costs_records_and_never_a_caller() {
    let gate = Gate::default();
    gate.set(true);
    let log = DecisionLog::to_writer(gate.clone()).ring_records(8);
    let runtime = Runtime::builder()
        .cpu_only()
        .decision_log(log)
        .build()
        .expect("the configuration is valid");
    let kernel = runtime.register(axpy_spec()).expect("the kernel is valid");
    gate.set(false);
    let calls = 1000;
    for _ in 0..calls {
        assert!(call(&kernel).0.is_ok(), "a call returns while the writer hangs");
    }
    let dropped = runtime.stats().decision_log.dropped;
    assert!(dropped >= calls - 2 * 8, "{dropped} of {calls}");
    gate.set(true);
    runtime.flush().expect("memory can be written");
    let _ = call(&kernel);
    runtime.flush().expect("memory can be written");
    let text = gate.memory.text();
    validate(&text);
    let lines = gate.memory.lines();
    let told: u64 = lines
        .iter()
        .map(|line| match line.event {
            Event::Dropped { records, .. } => records,
            _ => 0,
        })
        .sum();
    let decisions = gate.memory.decisions();
    assert_eq!(told, dropped, "the log says how many are missing");
    assert_eq!(decisions.len() as u64 + dropped, calls + 1, "and has all others");
    assert_eq!(
        decisions.last().map(|decision| (decision.call, decision.fallback)),
        Some((calls, calls + 1))
    );
    assert_eq!(
        runtime.stats().calls.fallback,
        calls + 1,
        "stats do not depend on the log"
    );
}

/// A writer that fails while it is told to.
#[derive(Clone, Default)]
struct Full {
    full: Arc<AtomicBool>,
    memory: Memory,
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.full.load(Ordering::Relaxed) {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.memory.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_reported_and_the_gap_is_told() {
    let disk = Full::default();
    let log = DecisionLog::to_writer(disk.clone());
    let runtime = Runtime::builder()
        .cpu_only()
        .decision_log(log)
        .build()
        .expect("the configuration is valid");
    let kernel = runtime.register(axpy_spec()).expect("the kernel is valid");
    let _ = call(&kernel);
    runtime.flush().expect("the disk has room");
    disk.full.store(true, Ordering::Relaxed);
    let _ = call(&kernel);
    let _ = call(&kernel);
    let error = runtime.flush().expect_err("the disk is full");
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    disk.full.store(false, Ordering::Relaxed);
    // The writer may have tried again before there was room.
    let _ = runtime.flush();
    let _ = call(&kernel);
    runtime.flush().expect("the disk has room");
    validate(&disk.memory.text());
    let gap = disk.memory.lines().into_iter().find_map(|line| match line.event {
        Event::Dropped { unwritten, .. } => Some(unwritten),
        _ => None,
    });
    assert_eq!(gap, Some(2));
    assert_eq!(
        disk.memory.decisions().last().map(|decision| decision.fallback),
        Some(4)
    );
    assert!(runtime.stats().decision_log.failed >= 2);
}

#[test]
fn rotated_files_read_one_by_one_and_together() {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let path = dir.path().join("decision_log.jsonl");
    let log = DecisionLog::to_file(&path).rotate(4096, 50);
    let runtime = Runtime::builder()
        .cpu_only()
        .decision_log(log)
        .build()
        .expect("the folder exists");
    let kernel = runtime.register(axpy_spec()).expect("the kernel is valid");
    for _ in 0..40 {
        let _ = call(&kernel);
    }
    runtime.flush().expect("the disk has room");
    let rotations = runtime.stats().decision_log.rotations;
    assert!(rotations > 3, "{rotations}");
    drop((runtime, kernel));
    let mut whole = String::new();
    let mut files = Vec::new();
    let older = (1..=50)
        .rev()
        .map(|number| dir.path().join(format!("decision_log.jsonl.{number}")));
    for file in older.chain([path]).filter(|file| file.exists()) {
        let text = std::fs::read_to_string(&file).expect("the file is text");
        assert!(text.len() <= 4096, "{} bytes", text.len());
        read::read_open(text.as_bytes()).expect("each file reads alone");
        files.push(text.lines().count());
        whole.push_str(&text);
    }
    validate(&whole);
    let lines = read::read(whole.as_bytes()).expect("together they are one log");
    let decisions = lines
        .iter()
        .filter(|line| matches!(line.event, Event::Decision(_)))
        .count();
    assert_eq!(decisions, 40);
    // The last line of a file that is not the last one.
    let cut = files[0] - 1;
    let rest = whole.lines().enumerate().filter(|(number, _)| *number != cut);
    let rest: String = rest.map(|(_, line)| format!("{line}\n")).collect();
    let error = read::read(rest.as_bytes()).expect_err("the end of a file is missing");
    assert_eq!((error.line, error.field.as_str()), (cut + 1, "seq"));
    // The same line, replaced by another one whose link is right: the file is whole, and the next one does not follow it.
    let all: Vec<&str> = whole.lines().collect();
    let chain = |line: &str| Some(line.rsplit_once(",\"chain\":\"")?.1.trim_end_matches("\"}").to_owned());
    let before = chain(all[cut - 1]).expect("every line has a link");
    let (body, _) = all[cut].rsplit_once(",\"chain\":\"").expect("every line has a link");
    let body = body.replacen("\"ts\":", "\"ts\":1", 1);
    let forged = format!(
        "{body},\"chain\":\"{}\"}}",
        gate_runtime::decision_log::link(&before, &body)
    );
    let forged = all.iter().enumerate().map(|(number, line)| {
        let line = if number == cut { &forged } else { *line };
        format!("{line}\n")
    });
    let error = read::read(forged.collect::<String>().as_bytes()).expect_err("the files do not belong together");
    assert_eq!((error.line, error.field.as_str()), (cut + 2, "previous"));
}

#[test]
fn a_changed_line_and_a_missing_end_are_found() {
    let device = device().expect("the device opens");
    for _ in 0..3 {
        let _ = call(&device.axpy);
    }
    let log = device.log.clone();
    device.runtime.flush().expect("memory can be written");
    let open = log.text();
    assert_eq!(read::read_open(open.as_bytes()).map(|lines| lines.len()), Ok(4));
    drop(device);
    let text = log.text();
    assert_eq!(read::read(text.as_bytes()).map(|lines| lines.len()), Ok(5));
    let lines: Vec<&str> = text.lines().collect();
    let join = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let said = |text: &str| read::read(text.as_bytes()).expect_err("damaged").to_string();
    for end in 1..5 {
        let expected = format!(
            "line {}: is missing: the log does not end in `close`, so it is cut off or still being written",
            end + 1
        );
        assert_eq!(said(&join(&lines[..end])), expected);
    }
    // The end cut off, and another one put in its place.
    let forged = lines[4].replacen("\"seq\":4", "\"seq\":3", 1);
    let forged = [lines[0], lines[1], lines[2], &forged];
    assert_eq!(
        said(&join(&forged)),
        "line 4: `lines` is 4, but 3 lines were written before"
    );
    let forged = forged[3].replacen("\"lines\":4", "\"lines\":3", 1);
    let changed = "`chain` does not match: the line was changed, or one before it was";
    assert_eq!(
        said(&join(&[lines[0], lines[1], lines[2], &forged])),
        format!("line 4: {changed}")
    );
    // Fields that nothing else is compared with, in every line.
    for (number, from) in [
        (0, "\"cpu\":\""),
        (1, "\"latency_ms\":"),
        (3, "\"ts\":"),
        (4, "\"ts\":"),
    ] {
        let edited = lines[number].replacen(from, &format!("{from}1"), 1);
        let mut all = lines.clone();
        all[number] = &edited;
        assert_eq!(said(&join(&all)), format!("line {}: {changed}", number + 1), "{edited}");
    }
    // Each link can be computed by anyone from what is documented.
    let mut previous = String::new();
    for line in lines {
        let (body, chain) = line.split_once(",\"chain\":\"").expect("every line has a link");
        previous = gate_runtime::decision_log::link(&previous, body);
        assert_eq!(chain, format!("{previous}\"}}"));
    }
}

#[test]
fn threads_are_logged_completely_and_each_in_its_order() {
    let (builder, log) = logged();
    let runtime = builder.cpu_only().build().expect("the configuration is valid");
    let kernel = runtime.register(axpy_spec()).expect("the kernel is valid");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..500).for_each(|_| assert!(call(&kernel).0.is_ok())));
        }
    });
    runtime.flush().expect("memory can be written");
    let mut next = std::collections::BTreeMap::new();
    for decision in log.decisions() {
        let expected = next.entry(decision.lane).or_insert(0);
        assert_eq!(decision.call, *expected);
        *expected += 1;
    }
    assert_eq!(next.into_values().collect::<Vec<_>>(), [500; 4]);
}

#[test]
fn injected_faults_stand_in_the_first_line() {
    let (builder, log) = logged();
    let mut faults = Faults::NONE;
    faults.force_fallback = true;
    let runtime = builder.faults(faults).build().expect("the configuration is valid");
    runtime.flush().expect("memory can be written");
    let Event::Open { faults, .. } = &log.lines()[0].event else {
        panic!("the first line is `open`");
    };
    assert_eq!(faults, &["GATE_CUDA_FORCE_FALLBACK"]);
}

#[test]
fn the_fingerprint_follows_the_bytes_and_not_the_build() {
    let fingerprint = || device().expect("the device opens").axpy.fingerprint();
    assert_eq!(fingerprint(), fingerprint());
    assert_ne!(fingerprint(), 0);
    let text = support::text(80, (8, 0)).replace("ret;", "ret ;");
    let changed = gate_runtime::PtxImage {
        ptx: leak(text.clone()).as_bytes(),
        sha256: support::sha256(text.as_bytes()),
        ..support::image(80, (8, 0))
    };
    let runtime = Runtime::builder()
        .cpu_only()
        .build()
        .expect("the configuration is valid");
    let variant = support::variant(support::module(vec![changed]), "axpy_f32", 1);
    let kernel = runtime.register(KernelSpec {
        variants: support::variants(vec![variant]),
        ..axpy_spec()
    });
    assert_ne!(kernel.expect("the kernel is valid").fingerprint(), fingerprint());
}

#[test]
fn the_schema_is_published() {
    for (name, schema) in [("decision-log", SCHEMA), ("run-stats", gate_runtime::stats::SCHEMA)] {
        let path = format!("{}/../docs/schema/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
        let published = std::fs::read_to_string(path).expect("the schema is published");
        let mut published: serde_json::Value = serde_json::from_str(&published).expect("JSON");
        // The published copy says that it is one.
        let mark = published.as_object_mut().and_then(|fields| fields.remove("$comment"));
        assert!(
            mark.is_some_and(|mark| mark.to_string().contains("do not edit")),
            "{name}"
        );
        let schema: serde_json::Value = serde_json::from_str(schema).expect("JSON");
        assert_eq!(published, schema, "{name}");
    }
}
