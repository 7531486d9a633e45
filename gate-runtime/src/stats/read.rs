//! Reads the JSON form back and says where it is wrong.

use serde_json::Value;

use super::{Calls, Compile, KernelStats, Latency, LogStats, RunStats, SCHEMA_VERSION};
use crate::control::{ControlState, Mode, RailReason};
use crate::fields::Fields;
pub use crate::fields::ReadError;
use crate::reason::Reason;

/// Reads stats. Every field of this version has to be there with its type; totals have to be the sums of their parts. Fields
/// that are not known are left alone: a later release of this version may add some.
///
/// # Errors
/// The first thing that is wrong. Where the text is no JSON its line is given, else line 1: the object is one value.
pub fn read(text: &str) -> Result<RunStats, ReadError> {
    let value: Value = serde_json::from_str(text).map_err(|error| ReadError {
        line: error.line(),
        field: String::new(),
        problem: format!("is not JSON: {error}"),
    })?;
    let fields = Fields::of(&value, 1)?;
    let version = fields.number("schema_version")?;
    if version != u64::from(SCHEMA_VERSION) {
        return Err(fields.wrong(
            "schema_version",
            format!("is {version}, but this reader supports {SCHEMA_VERSION}"),
        ));
    }
    let stats = RunStats {
        run_id: fields.name("run_id")?.to_owned(),
        hw: fields.name("hw")?.to_owned(),
        faults: fields.texts("faults")?,
        calls: calls(&fields.object("calls")?)?,
        silent_mismatch_count: fields.number("silent_mismatch_count")?,
        control: control(&fields)?,
        compile: compile(&fields.object("compile")?)?,
        decision_log: log(&fields.object("decision_log")?)?,
        reasons: reasons(&fields)?.into_iter().collect(),
        kernels: fields
            .objects("kernels")?
            .iter()
            .map(kernel)
            .collect::<Result<_, _>>()?,
    };
    consistent(&stats, &fields)?;
    Ok(stats)
}

fn calls(fields: &Fields<'_>) -> Result<Calls, ReadError> {
    let calls = Calls {
        total: fields.number("total")?,
        native: fields.number("native")?,
        fallback: fields.number("fallback")?,
        error: fields.number("error")?,
        guard_miss: fields.number("guard_miss")?,
        contract_violation: fields.number("contract_violation")?,
    };
    let parts = [calls.native, calls.fallback, calls.error];
    let sum = parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(*part));
    if sum != Some(calls.total) {
        return Err(fields.wrong("total", "is not the sum of native, fallback and error"));
    }
    let refused = calls.guard_miss.checked_add(calls.contract_violation);
    if refused.is_none_or(|refused| refused > calls.error) {
        return Err(fields.wrong("error", "is less than guard_miss and contract_violation together"));
    }
    Ok(calls)
}

fn control(fields: &Fields<'_>) -> Result<ControlState, ReadError> {
    let what = "a mode: `native`, `safe` or `probe`";
    let rails = "a reason of rails";
    let pressure = fields.amount("pressure")? * 1000.0;
    if pressure > f64::from(u16::MAX) {
        return Err(fields.wrong("pressure", "is more than 65.535"));
    }
    let count = fields.number("rollback_count")?;
    Ok(ControlState {
        mode: fields.word("mode", what, Mode::from_name)?,
        shadow_mode: fields.word("shadow_mode", what, Mode::from_name)?,
        shadow_reason: fields.word("shadow_reason", rails, RailReason::from_code)?,
        rollback_reason: fields.word("rollback_reason", rails, RailReason::from_code)?,
        rollback_count: u32::try_from(count).map_err(|_| fields.wrong("rollback_count", "is too large"))?,
        pressure_permille: pressure.round() as u16,
    })
}

fn compile(fields: &Fields<'_>) -> Result<Compile, ReadError> {
    fields.amount("compile_ms")?;
    fields.amount("recompile_count_per_1k_calls")?;
    Ok(Compile {
        count: fields.number("count")?,
        cache_hit: fields.number("cache_hit")?,
        budget_exceeded: fields.number("budget_exceeded")?,
        time_ns: fields.number("time_ns")?,
    })
}

fn log(fields: &Fields<'_>) -> Result<LogStats, ReadError> {
    Ok(LogStats {
        enabled: fields.flag("enabled")?,
        written: fields.number("written")?,
        dropped: fields.number("dropped")?,
        failed: fields.number("failed")?,
        rotations: fields.number("rotations")?,
    })
}

fn reasons(fields: &Fields<'_>) -> Result<Vec<(String, u64)>, ReadError> {
    let reasons = fields.counts("reasons")?;
    for (code, _) in &reasons {
        if Reason::from_code(code).is_none() {
            return Err(fields.wrong(&format!("reasons.{code}"), "is not the code of a reason"));
        }
    }
    Ok(reasons)
}

fn kernel(fields: &Fields<'_>) -> Result<KernelStats, ReadError> {
    let latency = fields.object("latency")?;
    let kernel = KernelStats {
        kernel: fields.name("kernel")?.to_owned(),
        fingerprint: fields.fingerprint("fp")?,
        calls: calls(&fields.object("calls")?)?,
        latency: Latency {
            samples: latency.number("samples")?,
            sum_ns: latency.number("sum_ns")?,
            p50_ns: latency.number("p50_ns")?,
            p95_ns: latency.number("p95_ns")?,
            p99_ns: latency.number("p99_ns")?,
            max_ns: latency.number("max_ns")?,
        },
    };
    let Latency {
        p50_ns,
        p95_ns,
        p99_ns,
        max_ns,
        ..
    } = kernel.latency;
    if ![p50_ns, p95_ns, p99_ns, max_ns].is_sorted() {
        return Err(latency.wrong("p95_ns", "is out of order: quantiles ascend up to the largest sample"));
    }
    Ok(kernel)
}

/// What must hold between parts.
fn consistent(stats: &RunStats, fields: &Fields<'_>) -> Result<(), ReadError> {
    if !stats.kernels.is_sorted_by(|a, b| a.kernel < b.kernel) {
        return Err(fields.wrong("kernels", "are not sorted by name without duplicates"));
    }
    let of_kernels = stats
        .kernels
        .iter()
        .try_fold(0_u64, |sum, kernel| sum.checked_add(kernel.calls.total));
    let unknown = stats.reasons.get(Reason::UnknownKernel.code()).copied().unwrap_or(0);
    // Counters are read one after the other while calls go on, so sums may only be compared within one snapshot; these are.
    if of_kernels.and_then(|sum| sum.checked_add(unknown)) != Some(stats.calls.total) {
        return Err(fields.wrong("calls.total", "is not the sum over all kernels"));
    }
    Ok(())
}
