//! Run stats: populated after every kind of run, valid by their schema, read back, and understood by a scraper.

use std::collections::BTreeMap;

use gate_runtime::backend::cuda::{DriverError, Step};
use gate_runtime::stats::{Exposition, RunStats, SCHEMA, read};
use gate_runtime::{Arg, Contract, ControlState, Faults, KernelSpec, Mode, RailReason, Runtime};
use proptest::prelude::{any, proptest};
use serde_json::Value;
use support::{AXPY, axpy, axpy_spec, call, device, leak};

fn validate(stats: &RunStats) -> Value {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let json: Value = serde_json::from_str(&stats.to_json()).expect("the stats are JSON");
    let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} in {json:#}");
    assert_eq!(read::read(&stats.to_json()).as_ref(), Ok(stats));
    json
}

/// Nothing is null, and no text is empty.
fn populated(value: &Value, path: &str) {
    match value {
        Value::Null => panic!("`{path}` is null"),
        Value::String(text) => assert!(!text.is_empty(), "`{path}` is empty"),
        Value::Array(list) => list.iter().for_each(|item| populated(item, path)),
        Value::Object(object) => object
            .iter()
            .for_each(|(key, item)| populated(item, &format!("{path}.{key}"))),
        Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn stats_are_populated_after_success_and_after_failure() {
    let runtime = Runtime::builder()
        .cpu_only()
        .build()
        .expect("the configuration is valid");
    let kernel = runtime.register(axpy_spec()).expect("the kernel is valid");
    assert!(call(&kernel).0.is_ok());
    let stats = runtime.stats();
    populated(&validate(&stats), "");
    assert_eq!((stats.calls.total, stats.calls.fallback), (1, 1));
    let latency = stats.kernels[0].latency;
    assert!(latency.samples == 1 && latency.p95_ns > 0 && latency.max_ns >= latency.p99_ns);

    let mut faults = Faults::NONE;
    faults.force_error = true;
    let runtime = Runtime::builder()
        .faults(faults)
        .build()
        .expect("the configuration is valid");
    let kernel = runtime.register(axpy_spec()).expect("the kernel is valid");
    assert!(!call(&kernel).0.is_ok());
    let stats = runtime.stats();
    populated(&validate(&stats), "");
    assert_eq!((stats.calls.total, stats.calls.error), (1, 1));
    assert_eq!(stats.faults, ["GATE_CUDA_FORCE_ERROR"]);
    assert_eq!(stats.reasons.get("forced_error"), Some(&1));
}

#[test]
fn every_call_is_counted_once_under_its_reason() {
    let device = device().expect("the device opens");
    let _ = call(&device.axpy);
    device.driver.fail(Step::CopyIn, DriverError(1), 0, 2);
    let _ = (call(&device.axpy), call(&device.axpy));
    let _ = device.axpy.launch(&mut [Arg::scalar(1_u8)]);
    let _ = device.runtime.launch("unknown", &mut []);
    device.axpy.modules()[0].corrupt(0);
    let _ = call(&device.axpy);
    device.runtime.count_silent_mismatch();
    device.runtime.control().set(ControlState {
        mode: Mode::Safe,
        rollback_reason: RailReason::RuntimeError,
        rollback_count: 1,
        ..ControlState::INITIAL
    });
    let stats = device.runtime.stats();
    let json = validate(&stats);
    assert_eq!(json["rollback_reason"], "RUNTIME_ERROR");
    assert_eq!(json["silent_mismatch_count"], 1);
    let calls = stats.calls;
    assert_eq!((calls.total, calls.native, calls.fallback, calls.error), (6, 1, 2, 3));
    assert_eq!((calls.guard_miss, calls.contract_violation), (1, 2));
    let reasons: Vec<(&str, u64)> = stats
        .reasons
        .iter()
        .map(|(code, count)| (code.as_str(), *count))
        .collect();
    assert_eq!(
        reasons,
        [
            ("fingerprint_mismatch", 1),
            ("input_count_mismatch", 1),
            ("native", 1),
            ("native_failed_fallback", 2),
            ("unknown_kernel", 1),
        ]
    );
    assert_eq!((stats.compile.count, stats.compile.cache_hit), (1, 2));
    assert_eq!(stats.recompiles_per_1k_calls(), 1000.0 / 3.0);
}

#[test]
fn counts_of_threads_that_have_ended_are_kept() {
    let runtime = Runtime::builder()
        .cpu_only()
        .build()
        .expect("the configuration is valid");
    let kernel = runtime.register(axpy_spec()).expect("the kernel is valid");
    for _ in 0..3 {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|_| assert!(call(&kernel).0.is_ok())));
            }
        });
        let _ = runtime.stats();
    }
    let stats = runtime.stats();
    assert_eq!((stats.calls.total, stats.kernels[0].latency.samples), (1200, 1200));
    assert_eq!(runtime.stats(), stats);
}

/// One sample of a text exposition.
#[derive(Debug, PartialEq)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// A strict reader of both text formats, written from their specifications, not from the writer.
fn scrape(text: &str, open_metrics: bool) -> Vec<Sample> {
    assert!(text.ends_with('\n') && !text.contains("\n\n"));
    let body = match text.strip_suffix("# EOF\n") {
        Some(body) => {
            assert!(open_metrics, "Prometheus text has no end mark");
            body
        }
        None => {
            assert!(!open_metrics, "OpenMetrics ends in its mark");
            text
        }
    };
    let mut family: Option<(String, String)> = None;
    let mut families = Vec::new();
    let mut samples = Vec::new();
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help line has a text");
            assert!(!families.contains(&name.to_owned()), "{name} is declared twice");
            families.push(name.to_owned());
            assert!(!help.is_empty());
            continue;
        }
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type line has a type");
            assert_eq!(families.last().map(String::as_str), Some(name));
            assert!(["counter", "gauge", "summary"].contains(&kind));
            family = Some((name.to_owned(), kind.to_owned()));
            continue;
        }
        assert!(!line.starts_with('#'), "{line}");
        let sample = sample(line);
        let (name, kind) = family.as_ref().expect("a sample belongs to a family");
        let rest = sample
            .name
            .strip_prefix(name.as_str())
            .expect("its name begins with the family's");
        let allowed: &[&str] = match (kind.as_str(), open_metrics) {
            ("counter", true) => &["_total"],
            ("summary", _) => &["", "_sum", "_count"],
            _ => &[""],
        };
        assert!(allowed.contains(&rest), "{line}");
        assert!(sample.value >= 0.0);
        samples.push(sample);
    }
    samples
}

fn sample(line: &str) -> Sample {
    let (name, rest) = line.split_once('{').expect("every sample has labels");
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':';
    assert!(name.bytes().all(valid) && !name.is_empty(), "{line}");
    let mut labels = BTreeMap::new();
    let mut letters = rest.chars();
    loop {
        let mut label = String::new();
        let mut letter = letters.next().expect("labels end");
        while letter != '=' {
            label.push(letter);
            letter = letters.next().expect("a label has a value");
        }
        assert!(label.bytes().all(valid), "{label}");
        assert_eq!(letters.next(), Some('"'));
        let mut value = String::new();
        loop {
            match letters.next().expect("a value ends") {
                '"' => break,
                '\\' => value.push(match letters.next().expect("an escape has a letter") {
                    'n' => '\n',
                    same @ ('\\' | '"') => same,
                    other => panic!("`\\{other}` is no escape"),
                }),
                plain => value.push(plain),
            }
        }
        assert!(labels.insert(label, value).is_none(), "a label occurs twice");
        match letters.next() {
            Some(',') => {}
            Some('}') => break,
            other => panic!("{other:?} behind a label"),
        }
    }
    let value = letters
        .as_str()
        .strip_prefix(' ')
        .expect("a space stands before the value");
    Sample {
        name: name.to_owned(),
        labels,
        value: value.parse().expect("the value is a number"),
    }
}

#[test]
fn scrapers_find_what_the_stats_say() {
    let device = device().expect("the device opens");
    let _ = call(&device.axpy);
    let _ = call(&device.axpy);
    let _ = device.axpy.launch(&mut []);
    let stats = device.runtime.stats();
    for (format, open_metrics) in [(Exposition::Prometheus, false), (Exposition::OpenMetrics, true)] {
        let samples = scrape(&stats.to_text(format), open_metrics);
        let value = |name: &str, label: (&str, &str)| {
            let found = samples
                .iter()
                .find(|sample| sample.name == name && sample.labels.get(label.0).is_some_and(|value| value == label.1));
            found.unwrap_or_else(|| panic!("{name}")).value
        };
        assert_eq!(value("gate_runtime_calls_total", ("outcome", "native")), 2.0);
        assert_eq!(value("gate_runtime_calls_total", ("outcome", "error")), 1.0);
        assert_eq!(
            value("gate_runtime_reasons_total", ("reason", "input_count_mismatch")),
            1.0
        );
        assert_eq!(value("gate_runtime_contract_violations_total", ("run_id", "test")), 1.0);
        assert_eq!(value("gate_runtime_latency_seconds_count", ("kernel", "axpy_f32")), 3.0);
        assert!(value("gate_runtime_latency_seconds", ("quantile", "0.95")) > 0.0);
        assert_eq!(value("gate_runtime_silent_mismatches_total", ("run_id", "test")), 0.0);
    }
}

proptest! {
    #[test]
    fn labels_survive_a_scraper_whatever_is_in_them(hostile in "\\PC*|[\\\\\"\n{}=, ]{0,12}", count in any::<u64>()) {
        let mut stats = device().expect("the device opens").runtime.stats();
        stats.run_id.clone_from(&hostile);
        stats.kernels[0].kernel.clone_from(&hostile);
        stats.kernels[0].calls.native = count;
        for (format, open_metrics) in [(Exposition::Prometheus, false), (Exposition::OpenMetrics, true)] {
            let samples = scrape(&stats.to_text(format), open_metrics);
            assert!(samples.iter().all(|sample| sample.labels["run_id"] == hostile));
            assert_eq!(samples[0].labels["kernel"], hostile);
            assert_eq!(samples[0].value, count as f64);
        }
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC*") {
        let _ = read::read(&text);
    }

    #[test]
    fn any_damage_is_an_error_or_still_valid(at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let device = device().expect("the device opens");
        let _ = call(&device.axpy);
        let mut bytes = device.runtime.stats().to_json().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(text) = String::from_utf8(bytes) {
            let _ = read::read(&text);
        }
    }
}

#[test]
fn damage_is_named_by_field() {
    let device = device().expect("the device opens");
    let _ = call(&device.axpy);
    let text = device.runtime.stats().to_json();
    for (from, to, message) in [
        ("{", "[", "line 2: is not JSON: expected `,` or `]` at line 2 column 19"),
        (
            "\"schema_version\": 1",
            "\"schema_version\": 9",
            "line 1: `schema_version` is 9, but this reader supports 1",
        ),
        (
            "\"silent_mismatch_count\": 0",
            "\"silent_mismatch_count\": null",
            "line 1: `silent_mismatch_count` is not a non-negative integer",
        ),
        ("\"hw\": \"", "\"hw\": \"\", \"x\": \"", "line 1: `hw` is empty"),
        (
            "\"native\": 1",
            "\"native\": 2",
            "line 1: `calls.total` is not the sum of native, fallback and error",
        ),
        (
            "\"guard_miss\": 0",
            "\"guard_miss\": 1",
            "line 1: `calls.error` is less than guard_miss and contract_violation together",
        ),
        (
            "\"native\": 1\n",
            "\"naive\": 1\n",
            "line 1: `reasons.naive` is not the code of a reason",
        ),
        (
            "\"samples\": 1",
            "\"samples\": -1",
            "line 1: `kernels[0].latency.samples` is not a non-negative integer",
        ),
        (
            "\"max_ns\": ",
            "\"max_ns\": 0, \"x\": ",
            "line 1: `kernels[0].latency.p95_ns` is out of order: quantiles ascend up to the largest sample",
        ),
        (
            "\"mode\": \"native\"",
            "\"mode\": \"\"",
            "line 1: `mode` is \"\", which is not a mode: `native`, `safe` or `probe`",
        ),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        let error = read::read(&text.replacen(from, to, 1)).expect_err(message);
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn a_file_is_replaced_as_a_whole() {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let path = dir.path().join("run_stats.json");
    std::fs::write(&path, "old").expect("the folder exists");
    let stats = device().expect("the device opens").runtime.stats();
    stats.write_json(&path).expect("the folder exists");
    assert_eq!(
        std::fs::read_to_string(&path).expect("the file exists"),
        stats.to_json()
    );
    assert_eq!(
        std::fs::read_dir(dir.path()).expect("the folder exists").count(),
        1,
        "nothing is left beside it"
    );
    assert!(stats.write_json(&dir.path().join("no folder/run_stats.json")).is_err());
}

#[test]
fn kernels_are_in_the_order_of_their_names() {
    let runtime = Runtime::builder()
        .cpu_only()
        .build()
        .expect("the configuration is valid");
    for name in ["zeta", "alpha", "mid"] {
        let contract = leak(Contract::new(name, AXPY.params()));
        let spec = KernelSpec {
            contract,
            cpu: axpy,
            variants: &[],
        };
        runtime.register(spec).expect("the kernel is valid");
    }
    let names: Vec<String> = runtime
        .stats()
        .kernels
        .into_iter()
        .map(|kernel| kernel.kernel)
        .collect();
    assert_eq!(names, ["alpha", "mid", "zeta"]);
}
