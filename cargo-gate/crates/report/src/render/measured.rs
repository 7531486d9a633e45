//! Measured numbers in words, as every page shows them.

use crate::{BenchmarkResult, Drill, Equivalence, Report, ServiceLevel, Standing, SuiteResult};

/// A number with three or four significant digits.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "unknown".to_owned();
    }
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.01 || size == 0.0 => 3,
        _ => return format!("{value:.2e}"),
    };
    format!("{value:.digits$}")
}

/// A quantity with its unit; times in the unit that suits them.
pub(super) fn quantity(value: f64, unit: &str) -> String {
    if unit != "ns" {
        return format!("{} {unit}", number(value));
    }
    let (value, unit) = match value.abs() {
        size if size >= 1e9 => (value / 1e9, "s"),
        size if size >= 1e6 => (value / 1e6, "ms"),
        size if size >= 1e3 => (value / 1e3, "µs"),
        _ => (value, "ns"),
    };
    format!("{} {unit}", number(value))
}

/// A ratio as the change that it is: `+2.8 %`.
pub(super) fn change(ratio: f64) -> String {
    let percent = (ratio - 1.0) * 100.0;
    if !percent.is_finite() {
        return "unknown".to_owned();
    }
    // What rounds to nothing has no sign.
    let percent = if percent.abs() < 0.05 { 0.0 } else { percent };
    match percent {
        0.0 => "0.0 %".to_owned(),
        size if size.abs() >= 1_000.0 => format!("{size:+.0} %"),
        size => format!("{size:+.1} %"),
    }
}

/// A part as a percentage.
pub(super) fn percent(part: f64) -> String {
    if part.is_finite() {
        format!("{} %", number(part * 100.0))
    } else {
        "unknown".to_owned()
    }
}

/// How a measurement stands to its limits, in words.
pub(super) fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Within => "within",
        Standing::Beyond => "beyond",
        Standing::Undecided => "undecided",
        Standing::Vacuous => "vacuous",
        Standing::Unlimited => "no limit",
    }
}

/// Benchmarks of each suite that has some, by the id of its check.
pub(super) fn benchmarks(report: &Report) -> Vec<(&str, &[BenchmarkResult])> {
    suites(report, |suite| suite.measurements.as_slice())
}

/// Service levels of each suite that has some, by the id of its check.
pub(super) fn service_levels(report: &Report) -> Vec<(&str, &[ServiceLevel])> {
    suites(report, |suite| suite.service_levels.as_slice())
}

/// Equivalence of each suite that compared implementations, by the id of its check.
pub(super) fn equivalences(report: &Report) -> Vec<(&str, &Equivalence)> {
    results(report, |suite| suite.equivalence.as_deref())
}

/// Drills of each suite that has some, by the id of its check.
pub(super) fn drills(report: &Report) -> Vec<(&str, &Drill)> {
    results(report, |suite| suite.drill.as_deref())
}

fn suites<'r, T>(report: &'r Report, pick: fn(&'r SuiteResult) -> &'r [T]) -> Vec<(&'r str, &'r [T])> {
    let mut all = results(report, |suite| Some(pick(suite)));
    all.retain(|(_, results)| !results.is_empty());
    all
}

fn results<'r, T: ?Sized>(
    report: &'r Report,
    pick: impl Fn(&'r SuiteResult) -> Option<&'r T>,
) -> Vec<(&'r str, &'r T)> {
    let of = |check: &'r crate::CheckReport| {
        let suite = check.evidence.as_ref()?.suite.as_ref()?;
        Some((check.id.as_str(), pick(suite)?))
    };
    report.checks.iter().filter_map(of).collect()
}

/// The part of a budget that is used: 1 is all of it. `None` where nothing was counted or nothing may be bad.
pub(super) fn used(level: &ServiceLevel) -> Option<f64> {
    let allowed = level.budget.0 * level.events as f64;
    (allowed > 0.0).then(|| level.bad as f64 / allowed)
}

/// A period in the largest unit that divides it: `6 h`, `28 d`.
pub(super) fn period(seconds: u64) -> String {
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("min", 60)] {
        if seconds >= length && seconds.is_multiple_of(length) {
            return format!("{} {unit}", seconds / length);
        }
    }
    format!("{seconds} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [0.0, 0.000_1, 0.05, 1.234_5, 12.345, 1_234.5, f64::NAN].map(number);
        assert_eq!(shown, ["0.000", "1.00e-4", "0.050", "1.23", "12.3", "1234", "unknown"]);
        let shown = [12.0, 1_200.0, 3.4e6, 2e9].map(|value| quantity(value, "ns"));
        assert_eq!(shown, ["12.0 ns", "1.20 µs", "3.40 ms", "2.00 s"]);
        assert_eq!(quantity(12.0, "bytes"), "12.0 bytes");
        let shown = [1.028, 0.9, 1.000_1, 0.999_9, 40.0, f64::INFINITY].map(change);
        assert_eq!(shown, ["+2.8 %", "-10.0 %", "0.0 %", "0.0 %", "+3900 %", "unknown"]);
        assert_eq!([21_600, 2_419_200, 90, 7].map(period), ["6 h", "28 d", "90 s", "7 s"]);
    }
}
