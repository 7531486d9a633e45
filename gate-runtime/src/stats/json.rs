//! The JSON form.

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::{Calls, Latency, RunStats, SCHEMA_VERSION};

fn millis(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

fn calls(calls: &Calls) -> Value {
    json!({
        "total": calls.total,
        "native": calls.native,
        "fallback": calls.fallback,
        "error": calls.error,
        "guard_miss": calls.guard_miss,
        "contract_violation": calls.contract_violation,
    })
}

fn latency(latency: &Latency) -> Value {
    json!({
        "samples": latency.samples,
        "sum_ns": latency.sum_ns,
        "p50_ns": latency.p50_ns,
        "p95_ns": latency.p95_ns,
        "p99_ns": latency.p99_ns,
        "max_ns": latency.max_ns,
    })
}

impl RunStats {
    /// The stats as one JSON object, indented, with a line feed at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        let control = &self.control;
        let kernels = self.kernels.iter().map(|kernel| {
            json!({
                "kernel": kernel.kernel,
                "fp": format!("{:016x}", kernel.fingerprint),
                "calls": calls(&kernel.calls),
                "latency": latency(&kernel.latency),
            })
        });
        let object = json!({
            "schema_version": SCHEMA_VERSION,
            "run_id": self.run_id,
            "hw": self.hw,
            "faults": self.faults,
            "calls": calls(&self.calls),
            "silent_mismatch_count": self.silent_mismatch_count,
            "mode": control.mode.name(),
            "shadow_mode": control.shadow_mode.name(),
            "shadow_reason": control.shadow_reason.code(),
            "rollback_reason": control.rollback_reason.code(),
            "rollback_count": control.rollback_count,
            "pressure": f64::from(control.pressure_permille) / 1000.0,
            "compile": {
                "count": self.compile.count,
                "cache_hit": self.compile.cache_hit,
                "budget_exceeded": self.compile.budget_exceeded,
                "time_ns": self.compile.time_ns,
                "compile_ms": millis(self.compile.time_ns),
                "recompile_count_per_1k_calls": self.recompiles_per_1k_calls(),
            },
            "decision_log": {
                "enabled": self.decision_log.enabled,
                "written": self.decision_log.written,
                "dropped": self.decision_log.dropped,
                "failed": self.decision_log.failed,
                "rotations": self.decision_log.rotations,
            },
            "reasons": self.reasons,
            "kernels": kernels.collect::<Vec<_>>(),
        });
        format!("{object:#}\n")
    }

    /// Writes the JSON form: into a file beside `path` first, which then takes its place, so that a reader sees the old
    /// stats or the new ones and never half of them.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write_json(&self, path: &Path) -> io::Result<()> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}.tmp", std::process::id()));
        let mut file = std::fs::File::create(&beside)?;
        let written = file.write_all(self.to_json().as_bytes()).and_then(|()| file.sync_all());
        drop(file);
        let renamed = written.and_then(|()| std::fs::rename(&beside, path));
        if renamed.is_err() {
            let _ = std::fs::remove_file(&beside);
        }
        renamed
    }
}
