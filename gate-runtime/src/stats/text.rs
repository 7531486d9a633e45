//! The text form for scrapers.

use std::fmt::Write;

use super::RunStats;
use crate::control::Mode;

/// Which text format is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exposition {
    /// Prometheus text format 0.0.4.
    Prometheus,
    /// OpenMetrics 1.0, which ends in `# EOF`.
    OpenMetrics,
}

impl Exposition {
    /// The media type that scrapers expect.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Exposition::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Exposition::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// One label; values are escaped when they are written.
type Label<'a> = (&'a str, &'a str);

struct Page {
    text: String,
    format: Exposition,
    run_id: String,
}

impl Page {
    /// The lines before the samples of a metric. The name is without `_total`: OpenMetrics names the family so, Prometheus
    /// the samples.
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let suffix = match (self.format, kind) {
            (Exposition::Prometheus, "counter") => "_total",
            _ => "",
        };
        let _ = writeln!(self.text, "# HELP {name}{suffix} {help}");
        let _ = writeln!(self.text, "# TYPE {name}{suffix} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[Label<'_>], value: impl std::fmt::Display) {
        self.text.push_str(name);
        self.text.push_str("{run_id=\"");
        escape(&mut self.text, &self.run_id);
        self.text.push('"');
        for (label, text) in labels {
            let _ = write!(self.text, ",{label}=\"");
            escape(&mut self.text, text);
            self.text.push('"');
        }
        let _ = writeln!(self.text, "}} {value}");
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "counter", help);
        self.sample(&format!("{name}_total"), &[], value);
    }
}

/// Label values escape the backslash, the quotation mark and the line feed, in both formats.
fn escape(text: &mut String, value: &str) {
    for letter in value.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            other => text.push(other),
        }
    }
}

fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

impl RunStats {
    /// The stats for a scraper. Every sample has the label `run_id`.
    #[must_use]
    pub fn to_text(&self, format: Exposition) -> String {
        let mut page = Page {
            text: String::new(),
            format,
            run_id: self.run_id.clone(),
        };
        page.family("gate_runtime_calls", "counter", "Calls by kernel and outcome.");
        for kernel in &self.kernels {
            let calls = &kernel.calls;
            for (outcome, count) in [
                ("native", calls.native),
                ("fallback", calls.fallback),
                ("error", calls.error),
            ] {
                let labels = [("kernel", kernel.kernel.as_str()), ("outcome", outcome)];
                page.sample("gate_runtime_calls_total", &labels, count);
            }
        }
        page.family(
            "gate_runtime_reasons",
            "counter",
            "Calls by the code of their outermost reason.",
        );
        for (reason, count) in &self.reasons {
            page.sample("gate_runtime_reasons_total", &[("reason", reason)], *count);
        }
        page.family("gate_runtime_latency_seconds", "summary", "Latency of calls by kernel.");
        for kernel in &self.kernels {
            let (name, latency) = (("kernel", kernel.kernel.as_str()), &kernel.latency);
            for (quantile, value) in [
                ("0.5", latency.p50_ns),
                ("0.95", latency.p95_ns),
                ("0.99", latency.p99_ns),
            ] {
                let labels = [name, ("quantile", quantile)];
                page.sample("gate_runtime_latency_seconds", &labels, seconds(value));
            }
            page.sample("gate_runtime_latency_seconds_sum", &[name], seconds(latency.sum_ns));
            page.sample("gate_runtime_latency_seconds_count", &[name], latency.samples);
        }
        page.counter(
            "gate_runtime_guard_misses",
            "Calls that a guard refused.",
            self.calls.guard_miss,
        );
        page.counter(
            "gate_runtime_contract_violations",
            "Calls that violated the contract.",
            self.calls.contract_violation,
        );
        page.counter(
            "gate_runtime_silent_mismatches",
            "Calls that reported OK although their output was wrong.",
            self.silent_mismatch_count,
        );
        page.counter(
            "gate_runtime_rollbacks",
            "Rollbacks to safe mode.",
            self.control.rollback_count.into(),
        );
        page.counter(
            "gate_runtime_compiles",
            "Modules that the driver compiled.",
            self.compile.count,
        );
        page.counter(
            "gate_runtime_compile_cache_hits",
            "Launches that found their module loaded.",
            self.compile.cache_hit,
        );
        page.counter(
            "gate_runtime_compile_budget_exceeded",
            "Loads that took longer than the budget.",
            self.compile.budget_exceeded,
        );
        page.counter(
            "gate_runtime_decision_log_lines",
            "Lines of the decision log that were written.",
            self.decision_log.written,
        );
        page.counter(
            "gate_runtime_decision_log_dropped",
            "Records that the decision log dropped.",
            self.decision_log.dropped,
        );
        page.family("gate_runtime_safe_mode", "gauge", "1 in safe mode, 0 in another one.");
        let safe = u8::from(self.control.mode == Mode::Safe);
        let reason = self.control.rollback_reason.code();
        page.sample("gate_runtime_safe_mode", &[("rollback_reason", reason)], safe);
        page.family(
            "gate_runtime_pressure",
            "gauge",
            "Pressure of the last window, as a fraction.",
        );
        let pressure = f64::from(self.control.pressure_permille) / 1000.0;
        page.sample("gate_runtime_pressure", &[], pressure);
        if format == Exposition::OpenMetrics {
            page.text.push_str("# EOF\n");
        }
        page.text
    }
}
