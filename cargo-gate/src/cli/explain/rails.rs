//! `cargo gate explain rails`: the rules of `gate-runtime`'s rails, their defaults, and what this workspace declares.

use gate_runtime::rails::{FIELDS, Rail, Settings};

use crate::cli::printer::STRONG;
use gate_policy::RailsPolicy;
use gate_report::render::text;

/// What each rail is about, in the order in which they act.
const RULES: [(Rail, &str); 4] = [
    (
        Rail::RuntimeError,
        "native failures and results that differ from the reference; no setting turns its rollback off",
    ),
    (Rail::Pressure, "calls under memory pressure, and refused allocations"),
    (
        Rail::Latency,
        "the p95 of a window with enough samples, relative to the baseline; not in strict mode",
    ),
    (
        Rail::Throughput,
        "work per busy time, relative to the baseline; not in strict mode",
    ),
];

/// The whole text, styled.
pub(super) fn text(declared: Option<&RailsPolicy>) -> String {
    let mut out = format!(
        "{STRONG}rails{STRONG:#}: when a kernel leaves its native backend, and when it returns\n\nEach kernel of each \
         tenant has its own. Each window of its calls is checked against four rails. The first one in this order with \
         enough evidence triggers a rollback: `consecutive` windows in a row, or a sequential test of the time of \
         windows:\n\n"
    );
    for (at, (rail, about)) in RULES.iter().enumerate() {
        out.push_str(&format!("  {}. {}: {about}\n", at + 1, rail));
    }
    out.push_str(
        "\nA rollback switches to the reference immediately. Once that phase has lasted `dwell` windows, doubled for each \
         failed return, and no `cooldown` is active, the kernel is probed: each output is compared with the reference \
         before its caller gets it. Once `probe-calls` calls agree, it returns to native. An operator ends the rest with \
         `Governor::rearm`. The same windows produce the same steps on every machine.\n\n",
    );
    let settings = declared.and_then(|declared| declared.settings().ok());
    out.push_str(&match declared {
        Some(declared) => {
            let place = declared
                .location
                .line
                .map(|line| format!(":{line}"))
                .unwrap_or_default();
            format!(
                "{STRONG}`[runtime.rails]` in {}{place}:{STRONG:#}\n",
                declared.location.path
            )
        }
        None => format!("{STRONG}defaults (no policy declares `[runtime.rails]`):{STRONG:#}\n"),
    });
    out.push_str(&table(declared, settings.unwrap_or_default()));
    out
}

fn table(declared: Option<&RailsPolicy>, settings: Settings) -> String {
    let mut rows = vec![["key", "value", "default", "takes", "meaning"].map(str::to_owned)];
    for field in &FIELDS {
        let is_declared = declared.is_some_and(|rails| rails.declared.iter().any(|(name, _)| *name == field.name));
        let value = settings.get(field.name).unwrap_or(field.default);
        rows.push([
            field.name.replace('_', "-"),
            if is_declared { value.to_string() } else { String::new() },
            field.default.to_string(),
            field.range.replace('_', "-"),
            field.meaning.to_owned(),
        ]);
    }
    if declared.is_none() {
        for row in &mut rows {
            row[1].clear();
        }
    }
    let width = |column: usize| rows.iter().map(|row| text::width(&row[column])).max().unwrap_or(0);
    let widths: Vec<usize> = (0..5).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).filter(|(_, width)| **width > 0);
        let cells: Vec<String> = cells.map(|(cell, width)| text::pad(cell, *width)).collect();
        out.push_str(&format!("  {}\n", cells.join("  ").trim_end()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_report::Location;

    #[test]
    fn defaults_and_declared_values_are_told_apart() {
        insta::assert_snapshot!(anstream::adapter::strip_str(&text(None)));
        let declared = RailsPolicy {
            declared: vec![("dwell", "8".into()), ("latency_rise", "0.5".into())],
            location: Location::line("gate.toml", 12),
        };
        insta::assert_snapshot!(anstream::adapter::strip_str(&text(Some(&declared))));
    }

    #[test]
    fn every_rail_is_there_in_the_order_of_the_runtime() {
        assert!(RULES.iter().map(|(rail, _)| *rail).eq(Rail::ALL));
    }
}
