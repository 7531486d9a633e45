//! Whether a kernel may be promoted: it is correct, and it is faster than its baseline. Evidence that is missing shows neither.

use gate_runtime::stats::RunStats;

use gate_policy::{ConformancePolicy, ConformanceRow};

use gate_report::{BenchmarkResult, CheckReport, Outcome, Report, TestStatus};

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
        return refusal(NOT_CORRECT, "no conformance matrix is declared to test it".into());
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
            let because = format!("`{path}` reports silent mismatches: {}", stats.silent_mismatch_count);
            return refusal(NOT_CORRECT, because);
        }
        let failed = stats
            .kernels
            .iter()
            .find(|stats| stats.kernel == kernel && stats.calls.error > 0);
        if let Some(failed) = failed {
            return refusal(
                NOT_CORRECT,
                format!("`{path}` reports failed calls of it: {}", failed.calls.error),
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

/// Fewest samples of a benchmark.
pub const LEAST_SAMPLES: u64 = 10;

/// Whether the run measured that the kernel is faster than its reference on its workload: a benchmark `kernel/workload` of a `suite.bench`
/// that passed, with a reference measured in the same run. The run judged the locked PTX, so it is the PTX that was measured.
///
/// # Errors
/// What is not shown.
pub fn faster(kernel: &str, workload: Option<&str>, report: &Report) -> Result<String, Refusal> {
    let Some(workload) = workload else {
        return refusal(NOT_FASTER, "it has no declared target workload".into());
    };
    let name = format!("{kernel}/{workload}");
    let suites = report
        .checks
        .iter()
        .filter(|check| check.id.starts_with("suite.bench.") && matches!(check.outcome, Outcome::Pass | Outcome::Warn));
    let measured = suites.filter_map(|check| check.evidence.as_ref()?.suite.as_ref());
    let found: Option<&BenchmarkResult> = measured
        .flat_map(|suite| &suite.measurements)
        .find(|benchmark| benchmark.name == name);
    let Some(benchmark) = found else {
        let because = format!("no suite of benchmarks of run {} measured `{name}`", report.run_id);
        return refusal(NOT_FASTER, because);
    };
    let (Some(ratio), "ns") = (benchmark.ratio, benchmark.unit.as_str()) else {
        return refusal(
            NOT_FASTER,
            format!("`{name}` is not a time next to that of a reference"),
        );
    };
    if benchmark.samples < LEAST_SAMPLES {
        let because = format!(
            "`{name}` has {} samples, and {LEAST_SAMPLES} are needed",
            benchmark.samples
        );
        return refusal(NOT_FASTER, because);
    }
    let words = format!(
        "`{name}` takes {:.2} times as long as its reference ({:.2} to {:.2})",
        ratio.0, benchmark.low.0, benchmark.high.0
    );
    // The whole interval lies below one; what is not a number lies nowhere.
    if benchmark.high.0 < 1.0 && benchmark.low.0 > 0.0 {
        Ok(words)
    } else {
        refusal(NOT_FASTER, words)
    }
}

#[cfg(test)]
mod judgements {
    use gate_report::render::samples;
    use gate_report::{Real, Standing};

    use super::*;

    fn report(name: &str, unit: &str, count: u64, ratio: Option<f64>, high: f64, outcome: Outcome) -> Report {
        let mut report = samples::ready();
        report.run_id = "R".into();
        let check = report
            .checks
            .iter_mut()
            .find(|check| check.evidence.as_ref().is_some_and(|evidence| evidence.suite.is_some()))
            .expect("a suite");
        check.id = "suite.bench.kernels".into();
        check.outcome = outcome;
        let suite = check
            .evidence
            .as_mut()
            .and_then(|evidence| evidence.suite.as_mut())
            .expect("a suite");
        suite.measurements = vec![BenchmarkResult {
            name: name.into(),
            unit: unit.into(),
            samples: count,
            median: Real(100.0),
            mad: Real(1.0),
            reference: ratio.map(|ratio| Real(100.0 / ratio)),
            ratio: ratio.map(Real),
            low: Real(0.4),
            high: Real(high),
            pairs: 0,
            limit: None,
            caught: None,
            why: None,
            standing: Standing::Unlimited,
        }];
        report
    }

    #[test]
    fn only_a_suite_of_the_run_shows_speed() {
        let of = |report: &Report| faster("axpy", Some("1M"), report).map_err(|refusal| refusal.because);
        let (some, pass) = (Some(0.5), Outcome::Pass);
        assert_eq!(
            of(&report("axpy/1M", "ns", 20, some, 0.6, pass)).as_deref(),
            Ok("`axpy/1M` takes 0.50 times as long as its reference (0.40 to 0.60)")
        );
        for (report, because) in [
            (
                report("axpy/64", "ns", 20, some, 0.6, pass),
                "no suite of benchmarks of run R measured `axpy/1M`",
            ),
            (
                report("axpy/1M", "ns", 20, some, 0.6, Outcome::Fail),
                "no suite of benchmarks of run R",
            ),
            (
                report("axpy/1M", "bytes", 20, some, 0.6, pass),
                "is not a time next to that of a reference",
            ),
            (
                report("axpy/1M", "ns", 20, None, 0.6, pass),
                "is not a time next to that of a reference",
            ),
            (
                report("axpy/1M", "ns", 3, some, 0.6, pass),
                "has 3 samples, and 10 are needed",
            ),
            (report("axpy/1M", "ns", 20, some, 1.1, pass), "takes 0.50 times as long"),
            (
                report("axpy/1M", "ns", 20, some, f64::NAN, pass),
                "takes 0.50 times as long",
            ),
        ] {
            let refused = of(&report).expect_err(because);
            assert!(refused.contains(because), "{refused}");
        }
        let no_workload = faster("axpy", None, &report("axpy/1M", "ns", 20, some, 0.6, pass));
        assert_eq!(no_workload.map_err(|refusal| refusal.code), Err(NOT_FASTER));
    }
}
