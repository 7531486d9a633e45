//! Whether a kernel may be promoted: it is correct, and it is faster than its baseline. Evidence that is missing shows neither.

use gate_runtime::stats::RunStats;

use gate_policy::{ConformancePolicy, ConformanceRow};
use gate_report::{CheckReport, Outcome, Report, TestStatus};

use super::measurement::Measurement;

/// Why a kernel is not promoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code: [`NOT_CORRECT`] or [`NOT_FASTER`].
    pub code: &'static str,
    /// What is lacking.
    pub because: String,
}

/// It is not shown that the kernel computes what it should.
pub const NOT_CORRECT: &str = "not_correct";
/// It is not shown that the kernel is faster than its baseline.
pub const NOT_FASTER: &str = "not_faster";

fn refusal<T>(code: &'static str, because: String) -> Result<T, Refusal> {
    Err(Refusal { code, because })
}

/// Whether the run shows that the kernel is correct: on every backend that supports it a test of its name passed, and no run under `[runtime]`
/// saw it fail or differ from its reference. Says which tests these were.
///
/// # Errors
/// What is not shown.
pub fn correct(
    kernel: &str,
    conformance: Option<&ConformancePolicy>,
    report: &Report,
    runs: &[(String, RunStats)],
) -> Result<Vec<String>, Refusal> {
    let Some(conformance) = conformance else {
        return refusal(
            NOT_CORRECT,
            "no conformance matrix is declared, so nothing shows what it computes".into(),
        );
    };
    let supporting = conformance
        .backends
        .iter()
        .filter(|backend| backend.supported.iter().any(|operator| operator == kernel));
    let mut shown = Vec::new();
    let mut any = false;
    for backend in supporting {
        any = true;
        let rows = conformance.rows.iter().filter(|row| row.backend == backend.name);
        let found: Vec<String> = rows.flat_map(|row| tests(report, row, kernel)).collect();
        if found.is_empty() {
            let because = format!("run {} passed no test of it on `{}`", report.run_id, backend.name);
            return refusal(NOT_CORRECT, because);
        }
        shown.extend(found);
    }
    if !any {
        return refusal(NOT_CORRECT, "no backend of the conformance matrix supports it".into());
    }
    for (path, stats) in runs {
        if stats.silent_mismatch_count > 0 {
            let because = format!("`{path}` counts {} silent mismatches", stats.silent_mismatch_count);
            return refusal(NOT_CORRECT, because);
        }
        let failed = stats
            .kernels
            .iter()
            .find(|stats| stats.kernel == kernel && stats.calls.error > 0);
        if let Some(failed) = failed {
            return refusal(
                NOT_CORRECT,
                format!("`{path}` counts {} errors of it", failed.calls.error),
            );
        }
    }
    Ok(shown)
}

/// Passed tests of a row that show the kernel, as `suite: test`.
fn tests(report: &Report, row: &ConformanceRow, kernel: &str) -> Vec<String> {
    let passes = |check: &&CheckReport| {
        check.id.strip_prefix("suite.test.") == Some(row.suite.as_str())
            && matches!(check.outcome, Outcome::Pass | Outcome::Warn)
    };
    let suite = report
        .checks
        .iter()
        .find(passes)
        .and_then(|check| check.evidence.as_ref()?.suite.as_ref());
    let tests = suite.into_iter().flat_map(|suite| &suite.tests);
    tests
        .filter(|test| test.status == TestStatus::Passed && row.holds(&test.binary) && row.shows(kernel, &test.name))
        .map(|test| format!("{}: {}", row.suite, test.name))
        .collect()
}

/// Whether the measurement shows that the kernel is faster on its workload. `digests` are the SHA-256 of the locked PTX that have it.
///
/// # Errors
/// What is not shown.
pub fn faster(
    kernel: &str,
    workload: Option<&str>,
    digests: &[String],
    measurement: Option<&Measurement>,
) -> Result<String, Refusal> {
    let Some(measurement) = measurement else {
        return refusal(NOT_FASTER, "there is not a measurement of it".into());
    };
    let Some(workload) = workload else {
        return refusal(NOT_FASTER, "no target workload of it is declared".into());
    };
    if measurement.kernel != kernel {
        return refusal(NOT_FASTER, format!("the measurement is about `{}`", measurement.kernel));
    }
    if measurement.workload != workload {
        let because = format!(
            "it was measured on `{}`, and its target is `{workload}`",
            measurement.workload
        );
        return refusal(NOT_FASTER, because);
    }
    if !digests.contains(&measurement.ptx_sha256) {
        return refusal(NOT_FASTER, "the measurement is about other PTX than is locked".into());
    }
    let speed = measurement.speed();
    let words = format!(
        "{:.2} times as fast as `{}` on `{workload}` ({}, p = {:.1e})",
        speed.ratio, measurement.baseline.name, measurement.machine, speed.p
    );
    if speed.is_faster() {
        Ok(words)
    } else {
        refusal(NOT_FASTER, format!("it is {words}"))
    }
}

#[cfg(test)]
mod judgements {
    use super::super::measurement::{SCHEMA_VERSION, Samples, Unit};
    use super::*;

    fn measurement(baseline: f64, candidate: f64) -> Measurement {
        let samples = |name: &str, from: f64| Samples {
            name: name.into(),
            samples: (0..20).map(|i| from + f64::from(i) / 100.0).collect(),
        };
        Measurement {
            schema_version: SCHEMA_VERSION,
            kernel: "axpy".into(),
            workload: "1M".into(),
            ptx_sha256: "aa".into(),
            machine: "test".into(),
            unit: Unit::Nanoseconds,
            baseline: samples("cpu", baseline),
            candidate: samples("cuda", candidate),
        }
    }

    #[test]
    fn only_a_measurement_of_this_kernel_shows_its_speed() {
        let digests = ["aa".to_owned()];
        let because = |workload, digests: &[String], measurement: Option<&Measurement>| {
            let refusal = faster("axpy", workload, digests, measurement).unwrap_err();
            assert_eq!(refusal.code, NOT_FASTER);
            refusal.because
        };
        let fast = measurement(3.0, 1.0);
        assert!(faster("axpy", Some("1M"), &digests, Some(&fast)).is_ok_and(|words| words.contains("times as fast")));
        assert_eq!(because(Some("1M"), &digests, None), "there is not a measurement of it");
        assert_eq!(
            because(None, &digests, Some(&fast)),
            "no target workload of it is declared"
        );
        assert_eq!(
            because(Some("64"), &digests, Some(&fast)),
            "it was measured on `1M`, and its target is `64`"
        );
        assert_eq!(
            because(Some("1M"), &[], Some(&fast)),
            "the measurement is about other PTX than is locked"
        );
        let other = Measurement {
            kernel: "scale".into(),
            ..fast
        };
        assert_eq!(
            because(Some("1M"), &digests, Some(&other)),
            "the measurement is about `scale`"
        );
        assert!(because(Some("1M"), &digests, Some(&measurement(1.0, 3.0))).starts_with("it is 0."));
    }
}
