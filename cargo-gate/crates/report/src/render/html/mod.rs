//! The report as one HTML file: without scripts, without anything to load, readable on paper and on a telephone.
//!
//! A page is a pure function of the report and of a [`HtmlContext`], with the same bytes for the same input. Its markup is well-formed XML too,
//! so that a parser can check it. Every text that others wrote goes through `markup::plain`, `markup::prose` or `markup::lines`. Times are
//! those of the report; nothing asks a clock.

mod cells;
pub mod combined;
mod context;
mod drills;
mod findings;
pub mod index;
mod markup;
mod measured;
mod overview;
mod page;
mod past;
mod style;
mod suites;
#[cfg(test)]
mod tests;
mod verdict;

pub use context::{HtmlContext, PastRun, PreviousCheck, PreviousRun};

use crate::Report;
use markup::{Section, plain};

/// The report as a page.
pub fn render(report: &Report, context: &HtmlContext) -> String {
    let sections = [
        Section::new("unblock", "What would unblock it", verdict::unblock(report)),
        Section::new("findings", "Findings", findings::findings(report, context)),
        Section::new("matrix", "Findings by crate", findings::matrix(report)),
        Section::new("claim", "Claim", verdict::claims(report)),
        Section::new("checklist", "Checklist", overview::checklist(report)),
        Section::new(
            "difference",
            "Since the previous run",
            past::difference(report, context),
        ),
        Section::new("history", "History", past::history(report, context)),
        Section::new("waivers", "Waivers by days left", suites::covers(report)),
        Section::new("suites", "Suites: time and reuse", suites::times(report, context)),
        Section::new("benchmarks", "Benchmarks", measured::bench(report)),
        Section::new("service-levels", "Service levels", measured::budgets(report)),
        Section::new("equivalence", "Equivalence", cells::equivalence(report)),
        Section::new("drills", "Drills", drills::timelines(report)),
        Section::new("checks", "All checks", overview::checks(report)),
        Section::new("run", "Run", overview::identity(report)),
    ];
    let title = format!("{} · {}", report.verdict(), report.subject.name);
    let foot = format!(
        "Made by {} {} from <code>report.json</code>, which is what programs should read. <code>cargo gate verify</code> tells whether either was changed.",
        plain(&report.tool.name),
        plain(&report.tool.version)
    );
    page::document(&title, &verdict::hero(report), &sections, &foot)
}
