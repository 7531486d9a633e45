//! The report as a GitHub job summary: what fits, and a word about what does not.
//!
//! GitHub drops a summary larger than 1 MiB as a whole. Nobody reads a megabyte either, so of each check the first
//! findings are shown, and the size only ends what is still too long.

use std::fmt::Write as _;

use super::ranking::is_unjudged;
use super::{Weight, markdown, text};
use crate::{CheckReport, Finding, Report};

/// Bytes that GitHub keeps of the summary of one step.
pub const LIMIT: usize = 1024 * 1024;
/// Findings shown of one check.
const SHOWN: usize = 50;
/// Room for the words about what is left out.
const NOTE: usize = 2_000;

/// The report as Markdown of at most `budget` bytes: verdict and table first, then the findings of each check, those
/// that block first. `links` is as in [`markdown::render`]. Empty when not even the verdict fits.
pub fn render(report: &Report, links: Option<&str>, budget: usize) -> String {
    let mut page = Page {
        text: String::new(),
        budget: budget.saturating_sub(NOTE),
        left_out: Vec::new(),
    };
    if !page.add(&markdown::head(report)) {
        return String::new();
    }
    for (what, section) in [
        (
            "the list of steps that would unblock it",
            markdown::unblock_section(report),
        ),
        ("the bounds of the claim", markdown::bounds_section(report)),
        ("the waivers", markdown::waivers_section(report)),
        ("what was measured", markdown::measured_sections(report)),
        ("the table of checks", markdown::table_section(report)),
    ] {
        if !page.add(&section) {
            page.left_out.push(what.to_owned());
        }
    }
    let blocks = |check: &&CheckReport| !check.outcome.passes();
    let (blocking, passing): (Vec<_>, Vec<_>) = report.checks.iter().partition(blocks);
    for check in blocking.into_iter().chain(passing) {
        page.check(report, check, links);
    }
    page.finish(report)
}

/// Findings that differ in their place alone are one with several places; with each, how many it stands for.
pub(super) fn merged<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<(usize, Finding)> {
    let mut out: Vec<(usize, Finding)> = Vec::new();
    for finding in findings {
        let same = |(_, known): &&mut (usize, Finding)| {
            known.message == finding.message
                && known.detail == finding.detail
                && known.help == finding.help
                && known.policy == finding.policy
                && known.blocks_at == finding.blocks_at
        };
        match out.iter_mut().find(same) {
            Some((number, known)) => {
                *number += 1;
                known.locations.extend(finding.locations.iter().cloned());
            }
            None => out.push((1, finding.clone())),
        }
    }
    out
}

struct Page {
    text: String,
    budget: usize,
    left_out: Vec<String>,
}

impl Page {
    /// Adds a piece if it fits.
    fn add(&mut self, piece: &str) -> bool {
        let fits = self.text.len() + piece.len() <= self.budget;
        if fits {
            self.text.push_str(piece);
        }
        fits
    }

    fn check(&mut self, report: &Report, check: &CheckReport, links: Option<&str>) {
        // What is covered needs nobody now; `report.md` has it.
        let mut findings: Vec<(Weight, &Finding)> = check
            .findings
            .iter()
            .map(|finding| (report.weight(finding), finding))
            .filter(|(weight, _)| *weight != Weight::Covered)
            .collect();
        if findings.is_empty() && !is_unjudged(check) {
            return;
        }
        findings.sort_by_key(|(weight, finding)| (*weight, finding.blocks_at.is_none(), finding.blocks_at));
        let headed = self.add(&markdown::check_section(check));
        let mut shown = 0;
        for (number, finding) in merged(findings.iter().take(SHOWN).map(|(_, finding)| *finding)) {
            if !headed || !self.add(&markdown::finding_item(report, &finding, links)) {
                break;
            }
            shown += number;
        }
        let rest = findings.len() - shown;
        if rest > 0 || !headed {
            let words = text::count(rest as u64, "finding");
            self.left_out.push(format!("{words} of {}", markdown::code(&check.id)));
        }
    }

    fn finish(mut self, report: &Report) -> String {
        if self.left_out.is_empty() {
            return self.text;
        }
        let place = match &report.run_dir {
            Some(directory) => markdown::code(&format!("{directory}/report.md")),
            None => "the report".to_owned(),
        };
        let mut note = format!("\n> Omitted here, complete in {place}: ");
        let end = note.len() + NOTE - 200;
        for (index, what) in self.left_out.iter().enumerate() {
            if note.len() + what.len() > end {
                let _ = write!(note, ", and of {} more checks", self.left_out.len() - index);
                break;
            }
            if index > 0 {
                note.push_str(", ");
            }
            note.push_str(what);
        }
        note.push('\n');
        self.text.push_str(&note);
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn what_is_short_is_whole() {
        for (name, report) in samples::all() {
            let text = render(&report, None, LIMIT);
            assert!(!text.contains("Omitted"), "{name}: {text}");
            assert!(text.contains(&markdown::prose(&report.verdict())), "{name}");
        }
        insta::assert_snapshot!(render(
            &samples::failures(),
            Some("https://example.com/blob/abc/"),
            LIMIT
        ));
    }

    #[test]
    fn the_limit_is_kept_and_what_is_missing_is_named() {
        assert!(render(&samples::many(30_000), None, LIMIT).len() < LIMIT);
        let mut report = samples::many(2_000);
        for finding in report.checks.iter_mut().flat_map(|check| &mut check.findings) {
            finding.message = format!("{} {}", finding.message, "länger ".repeat(2_000));
        }
        for budget in [0, 100, NOTE, 5_000, 60_000, LIMIT] {
            let text = render(&report, None, budget);
            assert!(text.len() <= budget, "{} of {budget}", text.len());
            assert!(
                text.is_empty() || text.contains("Omitted here, complete in `target/gate/runs/"),
                "{budget}"
            );
        }
        let text = render(&report, None, LIMIT);
        for check in &report.checks {
            assert!(text.contains(&markdown::code(&check.id)), "{}", check.id);
        }
        assert!(
            text.contains("findings of `boundary.safety`"),
            "what is left out is counted"
        );
    }
}
