//! A measurement in words.

use gate_report::{BenchmarkResult, Standing};

use super::unit;

/// A measurement in one line.
pub fn line(measurement: &BenchmarkResult) -> String {
    let (unit, _) = unit::Unit::named(&measurement.unit);
    let samples = measurement.samples;
    let noun = if samples == 1 { "sample" } else { "samples" };
    let mut line = format!(
        "{}: {} ({samples} {noun})",
        measurement.name,
        unit.shown(measurement.median.0)
    );
    let shown = unit::significant;
    if let (Some(ratio), Some(reference)) = (measurement.ratio, measurement.reference) {
        let pairs = match measurement.pairs {
            0 => String::new(),
            pairs => format!(" in {pairs} pairs"),
        };
        line.push_str(&format!(
            ", {} times the {} of its reference ({} to {}{pairs})",
            shown(ratio.0),
            unit.shown(reference.0),
            shown(measurement.low.0),
            shown(measurement.high.0)
        ));
    }
    for part in [excluded(measurement), caught(measurement)].into_iter().flatten() {
        line.push_str("; ");
        line.push_str(&part);
    }
    line
}

/// What a ratio that keeps its limit is not, for sure.
fn excluded(measurement: &BenchmarkResult) -> Option<String> {
    let limit = measurement.limit?.0;
    // Nothing is left to exclude of what is the same each time.
    let chance = measurement.pairs > 0 && measurement.low != measurement.high;
    if measurement.standing != Standing::Within || !chance {
        return None;
    }
    let (word, change) = if limit >= 1.0 {
        let word = match unit::Unit::named(&measurement.unit).0 {
            unit::Unit::Time => "slower",
            _ => "larger",
        };
        (word, measurement.high.0 - 1.0)
    } else {
        ("lower", measurement.low.0 - 1.0)
    };
    Some(format!("{word} than {:+.1} % excluded at 95 %", change * 100.0))
}

/// What as many pairs with as much noise would have failed.
fn caught(measurement: &BenchmarkResult) -> Option<String> {
    let caught = measurement
        .caught
        .filter(|_| measurement.standing == Standing::Within)?;
    Some(format!("{:+.1} % would have failed", (caught.0 - 1.0) * 100.0))
}
