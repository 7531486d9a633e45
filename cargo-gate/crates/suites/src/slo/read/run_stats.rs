//! Run stats of `gate-runtime`: totals since the run began, by kernel.

use gate_policy::Selector;
use gate_runtime::stats::read::read as read_stats;

use super::super::cell::{Counter, Reading};

/// Label of the kernel.
pub const KERNEL: &str = "kernel";
/// Label of the run: another run counts from zero.
const RUN: &str = "run";

/// Name of the counter of a measurement.
fn metric(measurement: &str) -> String {
    measurement.replace('-', "_")
}

/// Selectors of the bad events of a measurement and of all its events.
pub fn selectors(measurement: &str) -> Option<(Selector, Selector)> {
    let name = metric(measurement);
    Some((
        Selector::parse(&name).ok()?,
        Selector::parse(&format!("{name}:all")).ok()?,
    ))
}

/// Reads one JSON document.
pub fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let stats = match read_stats(text) {
        Ok(stats) => stats,
        Err(error) => {
            let field = if error.field.is_empty() {
                String::new()
            } else {
                format!("`{}` ", error.field)
            };
            reading.problem(error.line, format!("{field}{}", error.problem));
            return reading;
        }
    };
    let mut add = |name: &str, kernel: &str, value: u64| {
        reading.counters.push(Counter {
            name: metric(name),
            labels: vec![
                (KERNEL.to_owned(), kernel.to_owned()),
                (RUN.to_owned(), stats.run_id.clone()),
            ],
            value: value as f64,
            at: None,
            from_zero: true,
            line: 1,
        });
    };
    for kernel in &stats.kernels {
        let calls = &kernel.calls;
        for (name, value) in [
            ("error", calls.error),
            ("fallback", calls.fallback),
            ("guard-miss", calls.guard_miss),
        ] {
            add(name, &kernel.kernel, value);
            add(&format!("{name}:all"), &kernel.kernel, calls.total);
        }
    }
    // Modules are loaded for the runtime, not for a kernel.
    add("recompile", "", stats.compile.count);
    add(
        "recompile:all",
        "",
        stats.compile.count.saturating_add(stats.compile.cache_hit),
    );
    reading
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_has_its_counters() {
        let stats = include_str!("../../../../../../tests/fixtures/run-stats.valid/clean/run_stats.json");
        let reading = read(stats);
        let told: Vec<_> = reading
            .counters
            .iter()
            .map(|counter| format!("{} {}", counter.key(), counter.value))
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        error{kernel="axpy_f32",run="example"} 1
        error:all{kernel="axpy_f32",run="example"} 3
        fallback{kernel="axpy_f32",run="example"} 2
        fallback:all{kernel="axpy_f32",run="example"} 3
        guard_miss{kernel="axpy_f32",run="example"} 0
        guard_miss:all{kernel="axpy_f32",run="example"} 3
        recompile{kernel="",run="example"} 0
        recompile:all{kernel="",run="example"} 0
        "#);
        let wrong = read(&stats.replacen("\"calls\"", "\"call\"", 1));
        assert_eq!((wrong.counters.len(), wrong.problems.len()), (0, 1));
    }
}
