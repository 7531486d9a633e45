//! What suites measured, as tables: benchmarks, service levels, equivalence and drills.

use super::super::measured::{
    benchmarks, change, drills, equivalences, percent, period, quantity, service_levels, standing, used,
};
use super::words::{Lines, code, prose};
use crate::{BenchmarkResult, CellStanding, Drill, DrillRun, DrillStanding, Equivalence, Report, ServiceLevel};

/// What was measured; empty when nothing was.
pub(in super::super) fn measured_sections(report: &Report) -> String {
    benchmarks_section(report) + &levels_section(report) + &equivalence_section(report) + &drills_section(report)
}

fn benchmarks_section(report: &Report) -> String {
    let mut lines = Lines::default();
    for (check, results) in benchmarks(report) {
        if lines.0.is_empty() {
            lines.add("## Benchmarks\n");
        }
        lines.add(&format!(
            "{}\n\n| Benchmark | Median | Change | 95 % interval | Fails from | Standing |\n| --- | ---: | ---: | --- | ---: | --- |",
            code(check)
        ));
        for result in results {
            lines.add(&benchmark_row(result));
        }
        lines.add("");
    }
    lines.0
}

fn benchmark_row(result: &BenchmarkResult) -> String {
    let shown = |value: f64| match result.ratio {
        Some(_) => change(value),
        None => quantity(value, &result.unit),
    };
    let why = result.why.as_deref().map(|why| format!(": {}", prose(why)));
    format!(
        "| {} | {} | {} | {} to {} | {} | {}{} |",
        code(&result.name),
        prose(&quantity(result.median.0, &result.unit)),
        result
            .ratio
            .map_or_else(|| "no reference".to_owned(), |ratio| change(ratio.0)),
        prose(&shown(result.low.0)),
        prose(&shown(result.high.0)),
        result.limit.map_or_else(String::new, |limit| change(limit.0)),
        standing(result.standing),
        why.unwrap_or_default()
    )
}

fn levels_section(report: &Report) -> String {
    let mut lines = Lines::default();
    for (check, levels) in service_levels(report) {
        if lines.0.is_empty() {
            lines.add("## Service levels\n");
        }
        lines.add(&format!(
            "{}\n\n| Objective | Period | Bad of all events | Budget | Left of it | Standing |\n| --- | --- | ---: | ---: | ---: | --- |",
            code(check)
        ));
        for level in levels {
            lines.add(&level_row(level));
        }
        lines.add("");
    }
    lines.0
}

fn level_row(level: &ServiceLevel) -> String {
    let parts: Vec<&str> = [
        Some(level.objective.as_str()),
        level.workload.as_deref(),
        level.tenant.as_deref(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let sum = level.sum_of.map(|number| format!(" (sum of {number})"));
    format!(
        "| {}{} | {} | {} of {} | {} | {} | {} |",
        prose(&parts.join(", ")),
        sum.unwrap_or_default(),
        period(level.look_back_s),
        level.bad,
        level.events,
        percent(level.budget.0),
        used(level).map_or_else(|| "unknown".to_owned(), |used| percent((1.0 - used).max(0.0))),
        standing(level.standing)
    )
}

fn equivalence_section(report: &Report) -> String {
    let mut lines = Lines::default();
    for (check, equivalence) in equivalences(report) {
        if lines.0.is_empty() {
            lines.add(
                "## Equivalence\n\n| Suite | Implementation | Cells that are the same | Faults found | Overall |\n| --- | --- | ---: | ---: | --- |",
            );
        }
        lines.add(&equivalence_row(check, equivalence));
    }
    if !lines.0.is_empty() {
        lines.add("");
    }
    lines.0
}

fn equivalence_row(check: &str, equivalence: &Equivalence) -> String {
    let cells = &equivalence.cells;
    let same = cells.iter().filter(|cell| cell.standing == CellStanding::Same).count();
    format!(
        "| {} | {} | {same} of {} | {} of {} | {} |",
        code(check),
        code(&equivalence.implementation),
        cells.len(),
        equivalence.mutants_found,
        equivalence.mutants,
        prose(&equivalence.overall)
    )
}

fn drills_section(report: &Report) -> String {
    let mut lines = Lines::default();
    for (check, drill) in drills(report) {
        if lines.0.is_empty() {
            lines.add("## Drills\n");
        }
        lines.add(&format!(
            "{}\n\n| Fault | Recovered | Acknowledged, unknown | Witness | Standing |\n| --- | --- | ---: | --- | --- |",
            code(check)
        ));
        for run in &drill.runs {
            lines.add(&drill_row(run));
        }
        lines.add("");
        claims(drill, &mut lines);
    }
    lines.0
}

fn drill_row(run: &DrillRun) -> String {
    let recovered = match (run.kind.as_str(), run.recovered_ms) {
        ("none", _) => String::new(),
        (_, Some(ms)) => format!("{ms} of {} ms", run.window_ms),
        (_, None) if run.repaired => format!("not within {} ms", run.window_ms),
        (_, None) => "no recovery, as it must be".to_owned(),
    };
    let repaired = if run.kind == "none" || run.repaired {
        ""
    } else {
        ", not repaired"
    };
    let why = run.why.as_deref().map(|why| format!(": {}", prose(why)));
    let standing = match run.standing {
        DrillStanding::Clean => "clean",
        DrillStanding::Failed => "**failed**",
        DrillStanding::Vacuous => "vacuous",
        DrillStanding::Undecided => "undecided",
    };
    format!(
        "| {}{repaired} | {recovered} | {}, {} | {} | {standing}{} |",
        prose(&run.fault),
        run.acknowledged,
        run.unknown,
        run.witness.as_deref().map(prose).unwrap_or_default(),
        why.unwrap_or_default()
    )
}

fn claims(drill: &Drill, lines: &mut Lines) {
    for claim in &drill.claims {
        lines.add(&format!("- {}", prose(claim)));
    }
    if !drill.claims.is_empty() {
        lines.add("");
    }
}
