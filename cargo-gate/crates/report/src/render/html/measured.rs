//! What suites measured: ratios of benchmarks with their intervals, and what is left of the budgets of service levels.

use std::fmt::Write as _;

use super::super::measured::{benchmarks, change, percent, period, quantity, service_levels, standing, used};
use super::markup::{Tone, bar, mark, plain, prose, table};
use super::verdict::link;
use crate::{BenchmarkResult, Report, ServiceLevel, Standing};

/// Width of the plot of an interval.
const WIDTH: f64 = 200.0;
/// Ratios farther from 1 than this are drawn at the edge.
const FARTHEST: f64 = 4.0;

fn tone(of: Standing) -> Tone {
    match of {
        Standing::Within => Tone::Good,
        Standing::Beyond => Tone::Bad,
        Standing::Undecided | Standing::Vacuous => Tone::Warn,
        Standing::Unlimited => Tone::Idle,
    }
}

/// The benchmarks of each suite.
pub(super) fn bench(report: &Report) -> String {
    let mut out = String::new();
    for (check, results) in benchmarks(report) {
        let scale = Scale::of(results);
        let rows: Vec<String> = results.iter().map(|result| benchmark(result, &scale)).collect();
        let _ = writeln!(out, "<h3 class=\"part\">{}</h3>", link(report, check));
        let head = [
            "Benchmark",
            "Median<#>",
            "Change<#>",
            "95 % interval",
            "Fails from<#>",
            "Pairs<#>",
            "Standing",
        ];
        out.push_str(&table(&format!("Benchmarks of {check}"), &head, &rows));
    }
    if !out.is_empty() {
        out.push_str(
            "<p class=\"sub small\">The change is from the reference that the same suite measured. The solid line is no change, the dashed line is the limit.</p>\n",
        );
    }
    out
}

fn benchmark(result: &BenchmarkResult, scale: &Scale) -> String {
    let (low, high) = (result.low.0, result.high.0);
    let (shown, interval) = match result.ratio {
        Some(ratio) => (
            change(ratio.0),
            format!(
                "{}<br/><span class=\"sub\">{} to {}</span>",
                scale.plot(result, ratio.0),
                change(low),
                change(high)
            ),
        ),
        None => (
            "<span class=\"none\">no reference</span>".to_owned(),
            format!(
                "{} to {}",
                plain(&quantity(low, &result.unit)),
                plain(&quantity(high, &result.unit))
            ),
        ),
    };
    let limit = result.limit.map_or_else(|| "—".to_owned(), |limit| change(limit.0));
    let pairs = if result.pairs == 0 {
        "—".to_owned()
    } else {
        result.pairs.to_string()
    };
    let mut notes = Vec::new();
    if let Some(caught) = result.caught {
        notes.push(format!("would have caught {}", change(caught.0)));
    }
    if let Some(why) = &result.why {
        notes.push(prose(why));
    }
    let notes = if notes.is_empty() {
        String::new()
    } else {
        format!("<br/><span class=\"sub\">{}</span>", notes.join("; "))
    };
    format!(
        "<th scope=\"row\">{}</th><td class=\"num\">{}</td><td class=\"num\">{shown}</td><td class=\"keep\">{interval}</td><td class=\"num\">{limit}</td><td \
         class=\"num\">{pairs}</td><td>{}{notes}</td>",
        plain(&result.name),
        plain(&quantity(result.median.0, &result.unit)),
        mark(tone(result.standing), standing(result.standing))
    )
}

/// One scale for all intervals of a suite: logarithms of ratios, with 1 in view.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn of(results: &[BenchmarkResult]) -> Self {
        let mut scale = Self { low: -0.02, high: 0.02 };
        for result in results.iter().filter(|result| result.ratio.is_some()) {
            for value in [Some(result.low), Some(result.high), result.ratio, result.limit]
                .into_iter()
                .flatten()
            {
                let value = Self::log(value.0);
                scale.low = scale.low.min(value);
                scale.high = scale.high.max(value);
            }
        }
        scale
    }

    /// Where a ratio is, however wrong it is.
    fn log(ratio: f64) -> f64 {
        if ratio.is_nan() {
            return 0.0;
        }
        ratio.clamp(1.0 / FARTHEST, FARTHEST).ln()
    }

    fn x(&self, ratio: f64) -> f64 {
        let part = (Self::log(ratio) - self.low) / (self.high - self.low);
        8.0 + part.clamp(0.0, 1.0) * (WIDTH - 16.0)
    }

    fn plot(&self, result: &BenchmarkResult, ratio: f64) -> String {
        let class = tone(result.standing).class();
        let (low, high) = (self.x(result.low.0), self.x(result.high.0));
        let (one, at) = (self.x(1.0), self.x(ratio));
        let mut out = format!(
            "<svg viewBox=\"0 0 200 22\" width=\"200\" height=\"22\" role=\"img\" aria-label=\"{}, from {} to {}\"><path class=\"axis\" d=\"M{one:.1} 1V21\"/>",
            change(ratio),
            change(result.low.0),
            change(result.high.0)
        );
        if let Some(limit) = result.limit {
            let _ = write!(out, "<path class=\"limit\" d=\"M{:.1} 1V21\"/>", self.x(limit.0));
        }
        let _ = write!(
            out,
            "<path class=\"span {class}\" d=\"M{low:.1} 11H{high:.1}M{low:.1} 7V15M{high:.1} 7V15\"/><circle class=\"dot {class}\" cx=\"{at:.1}\" cy=\"11\" \
             r=\"4\"/></svg>"
        );
        out
    }
}

/// What is left of each budget, shortest period first.
pub(super) fn budgets(report: &Report) -> String {
    let mut out = String::new();
    for (check, levels) in service_levels(report) {
        let mut levels: Vec<&ServiceLevel> = levels.iter().collect();
        levels.sort_by(|a, b| {
            let key = |level: &ServiceLevel| (level.objective.clone(), level.workload.clone(), level.tenant.clone());
            key(a).cmp(&key(b)).then(a.look_back_s.cmp(&b.look_back_s))
        });
        let rows: Vec<String> = levels.into_iter().map(budget).collect();
        let _ = writeln!(out, "<h3 class=\"part\">{}</h3>", link(report, check));
        let head = [
            "Objective",
            "Period",
            "Bad of all events<#>",
            "Budget<#>",
            "Left of it",
            "Standing",
        ];
        out.push_str(&table(&format!("Service levels of {check}"), &head, &rows));
    }
    out
}

fn budget(level: &ServiceLevel) -> String {
    let mut name = plain(&level.objective);
    let parts: Vec<String> = [&level.workload, &level.tenant]
        .into_iter()
        .flatten()
        .map(|part| plain(part))
        .collect();
    match level.sum_of {
        Some(number) => {
            let _ = write!(name, "<br/><span class=\"sub\">sum of {number}</span>");
        }
        None if !parts.is_empty() => {
            let _ = write!(name, "<br/><span class=\"sub\">{}</span>", parts.join(", "));
        }
        None => {}
    }
    let left = match used(level) {
        Some(used) => {
            let left = (1.0 - used).max(0.0);
            let words = if used > 1.0 {
                format!("none: {} of it is used", percent(used))
            } else {
                percent(left)
            };
            format!("{} {words}", bar(left, tone(level.standing)))
        }
        None => "<span class=\"none\">nothing to measure it by</span>".to_owned(),
    };
    let mut notes = format!(
        "excludes {} or more, at {}",
        percent(level.excluded.0),
        percent(level.confidence.0)
    );
    if let Some(needed) = level.needed.filter(|needed| *needed > 0) {
        let _ = write!(notes, "; {needed} more events would decide it");
    }
    format!(
        "<th scope=\"row\">{name}</th><td class=\"keep\">{}</td><td class=\"num\">{} of {}</td><td class=\"num\">{}</td><td class=\"keep\">{left}</td><td>{}<br/><span \
         class=\"sub\">{notes}</span></td>",
        period(level.look_back_s),
        level.bad,
        level.events,
        percent(level.budget.0),
        mark(tone(level.standing), standing(level.standing))
    )
}
