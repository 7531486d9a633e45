//! The report for people at a terminal: diagnostics as a compiler words them, what would unblock the stage, and the
//! verdict as the last line.

use std::collections::{BTreeMap, BTreeSet};

use annotate_snippets::{Level, Renderer};
use anstyle::{AnsiColor, Style};

use super::diagnostic::Diagnostic;
use super::{Remembered, SourceProvider, Weight, place, text};
use crate::{CheckReport, Dimension, Finding, Outcome, Report};
use gate_base::stage::Stage;

mod repeated;

pub use repeated::Shown;

/// How much is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// The verdict alone.
    Quiet,
    /// What needs attention; long lists are cut.
    #[default]
    Normal,
    /// Everything, checks that passed or do not apply included.
    Verbose,
}

/// How to lay the report out.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How much is shown.
    pub detail: Detail,
    /// Whether to emit ANSI styles.
    pub styled: bool,
    /// Columns of the terminal.
    pub width: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            detail: Detail::Normal,
            styled: false,
            width: 120,
        }
    }
}

/// Findings shown of a check that blocks the stage, before the rest is counted.
const SHOWN_BLOCKING: usize = 10;
/// Findings shown of a check that only warns: enough to see the kind, few enough not to bury what blocks.
const SHOWN_WARNING: usize = 3;
/// Actions shown before the rest is counted.
const SHOWN_ACTIONS: usize = 12;
/// Places of a finding that are shown before the rest is counted.
const SHOWN_PLACES: usize = 4;
/// Longest action that is repeated in the verdict line.
const LONGEST_NEXT_STEP: usize = 60;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// The report as text, with a line end after the last line.
pub fn render(report: &Report, sources: &dyn SourceProvider, options: &Options) -> String {
    after(report, sources, options, (&Shown::default(), ""))
}

/// The same after the reports of other workspaces. Warnings that they have shown are only counted, unless everything is shown.
/// The text is the directory of the workspace in the repository.
pub fn after(report: &Report, sources: &dyn SourceProvider, options: &Options, others: (&Shown, &str)) -> String {
    let mut page = Page {
        others,
        repeated: BTreeMap::new(),
        report,
        sources: &Remembered::new(sources),
        options,
        renderer: if options.styled {
            Renderer::styled()
        } else {
            Renderer::plain()
        }
        .term_width(options.width),
        out: String::new(),
    };
    if options.detail > Detail::Quiet {
        let (passing, blocking): (Vec<_>, Vec<_>) = report.checks.iter().partition(|check| check.outcome.passes());
        let (passed, warning): (Vec<_>, Vec<_>) = passing.into_iter().partition(|check| check.outcome == Outcome::Pass);
        // What other shards have needs nobody here.
        let here = |check: &&&CheckReport| options.detail == Detail::Verbose || !check.is_elsewhere();
        for check in blocking.iter().chain(&warning).filter(here) {
            page.check(check);
        }
        page.repeated();
        for check in &report.checks {
            page.covered(check);
        }
        if let Some(known) = report.known_findings() {
            let head = page.style(STRONG, "note");
            page.block(&format!("{head}: {}", text::line(&known)));
        }
        if options.detail == Detail::Verbose {
            page.passed(&passed);
            page.not_applicable();
        }
        page.unblock();
        page.bounds();
        page.claim();
    }
    page.verdict();
    page.out
}

struct Page<'a> {
    report: &'a Report,
    /// What other workspaces have shown, and the directory of this one.
    others: (&'a Shown, &'a str),
    /// How many findings each of them has shown, and of which checks.
    repeated: BTreeMap<&'a str, (u64, BTreeSet<&'a str>)>,
    sources: &'a dyn SourceProvider,
    options: &'a Options,
    renderer: Renderer,
    out: String,
}

impl<'a> Page<'a> {
    /// A check that needs attention: why it could not be judged, and what it found.
    fn check(&mut self, check: &'a CheckReport) {
        if !matches!(check.outcome, Outcome::Pass | Outcome::Warn | Outcome::Fail) {
            self.unjudged(check);
        }
        let mut findings: Vec<(Weight, &Finding)> = check
            .findings
            .iter()
            .map(|finding| (self.report.weight(finding), finding))
            .filter(|(weight, _)| *weight != Weight::Covered)
            .collect();
        if self.options.detail < Detail::Verbose {
            let (shown, directory) = self.others;
            findings.retain(|(weight, finding)| {
                let other = shown.in_report_of(check, finding, directory);
                let Some(other) = other.filter(|_| *weight == Weight::Warns) else {
                    return true;
                };
                let (count, checks) = self.repeated.entry(other).or_default();
                *count += 1;
                checks.insert(&check.id);
                false
            });
        }
        findings.sort_by_key(|(weight, _)| *weight);
        let limit = match (self.options.detail, check.outcome) {
            (Detail::Verbose, _) => usize::MAX,
            (_, Outcome::Warn) => SHOWN_WARNING,
            _ => SHOWN_BLOCKING,
        };
        let mut said = Said::default();
        for (weight, finding) in findings.iter().take(limit) {
            self.finding(check, *weight, finding, &mut said);
        }
        if findings.len() > limit {
            let rest = text::count((findings.len() - limit) as u64, "more finding");
            let more = match &self.report.run_dir {
                Some(dir) => format!("… and {rest}; see {}/report.md", text::line(dir)),
                None => format!("… and {rest}; -v shows all"),
            };
            let note = self.style(FAINT, &format!("{}: {more}", text::line(&check.id)));
            self.block(&note);
        }
    }

    /// How many warnings are those of another workspace, about files that both share.
    fn repeated(&mut self) {
        for (other, (count, checks)) in std::mem::take(&mut self.repeated) {
            let checks: Vec<&str> = checks.into_iter().collect();
            let are = if count == 1 { "is" } else { "are" };
            let note = format!(
                "{}: {} {are} as in `{}` ({}); -v repeats what that report says",
                self.style(STRONG, "note"),
                text::count(count, "warning"),
                text::line(other),
                text::line(&checks.join(", "))
            );
            self.block(&note);
        }
    }

    /// A check without a judgement. It blocks, and says why.
    fn unjudged(&mut self, check: &CheckReport) {
        let state = match check.outcome {
            Outcome::NotRun => "not run",
            Outcome::Inconclusive => "inconclusive",
            _ => "check failed to run",
        };
        let (title, help) = match &check.reason {
            Some(reason) => (format!("{state}: {}", reason.message), reason.help.as_deref()),
            None => (state.to_owned(), None),
        };
        self.diagnostic(&Diagnostic {
            level: Level::ERROR,
            check: &check.id,
            title: title.into(),
            locations: &[],
            notes: self.log_of(check),
            help,
            policy: None,
            private: false,
        });
    }

    /// One finding. What an earlier finding of the same check already said is not said again.
    fn finding(&mut self, check: &CheckReport, weight: Weight, finding: &Finding, said: &mut Said) {
        let mut notes = Vec::new();
        match finding.blocks_at {
            Some(stage) if weight == Weight::Warns => notes.push(format!("blocks at {stage}")),
            Some(stage) if stage <= self.report.stage => {}
            _ if weight == Weight::Blocks => notes.push("warnings block at a strict stage".into()),
            _ => {}
        }
        notes.extend(self.log_of(check));
        notes.retain(|note| said.first(note));
        let places = match self.options.detail {
            Detail::Verbose => &finding.locations[..],
            _ => &finding.locations[..finding.locations.len().min(SHOWN_PLACES)],
        };
        let hidden = finding.locations.len() - places.len();
        if hidden > 0 {
            notes.push(format!("and {}", text::count(hidden as u64, "more place")));
        }
        self.diagnostic(&Diagnostic {
            level: if weight == Weight::Blocks {
                Level::ERROR
            } else {
                Level::WARNING
            },
            check: &check.id,
            title: finding.message.as_str().into(),
            locations: places,
            notes,
            help: finding.help.as_deref().filter(|help| said.first(help)),
            policy: finding
                .policy
                .as_ref()
                .filter(|policy| finding.locations.first() != Some(*policy))
                .filter(|policy| said.first(&place(policy))),
            private: check.dimension == Dimension::Privacy,
        });
    }

    /// Where the log of a suite lies.
    fn log_of(&self, check: &CheckReport) -> Vec<String> {
        let (Some(dir), Some(evidence)) = (&self.report.run_dir, &check.evidence) else {
            return Vec::new();
        };
        let logs = evidence
            .artifacts
            .iter()
            .filter(|artifact| artifact.path.ends_with(".log"));
        logs.map(|log| format!("the full log is in `{dir}/{}`", log.path))
            .collect()
    }

    /// Findings of a check that something covers: one block for each waiver or exclusion. Known findings are only counted,
    /// unless everything is shown.
    fn covered(&mut self, check: &CheckReport) {
        let mut groups: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
        let counted = |finding: &&Finding| finding.known.is_some() && self.options.detail < Detail::Verbose;
        for finding in check.findings.iter().filter(|finding| !counted(finding)) {
            if let Some(why) = finding.covered() {
                groups.entry(why).or_default().push(finding);
            }
        }
        for (why, findings) in groups {
            let head = self.style(STRONG, &format!("note[{}]", text::line(&check.id)));
            let mut block = format!("{head}: {}", text::line(&why));
            let limit = if self.options.detail == Detail::Verbose {
                usize::MAX
            } else {
                SHOWN_WARNING
            };
            for finding in findings.iter().take(limit) {
                block.push_str("\n  ");
                if let Some(location) = finding.locations.first() {
                    block.push_str(&place(location));
                    block.push_str(": ");
                }
                block.push_str(&text::line(&finding.message));
            }
            if findings.len() > limit {
                block.push_str(&format!("\n  … and {} more", findings.len() - limit));
            }
            self.block(&block);
        }
    }

    fn passed(&mut self, checks: &[&CheckReport]) {
        let rows: Vec<_> = checks
            .iter()
            .map(|check| {
                let reused = check.evidence.as_ref().is_some_and(|evidence| evidence.reused);
                let summary = text::line(&check.summary);
                (
                    check.id.as_str(),
                    if reused {
                        format!("{summary} (reused)")
                    } else {
                        summary.into_owned()
                    },
                )
            })
            .collect();
        self.list("passed", &rows);
    }

    fn not_applicable(&mut self) {
        let rows = self
            .report
            .not_applicable
            .iter()
            .map(|it| (it.id.as_str(), text::line(&it.reason).into_owned()));
        self.list("does not apply here", &rows.collect::<Vec<_>>());
    }

    fn unblock(&mut self) {
        let mut actions = self.report.unblock_actions();
        if actions.is_empty() {
            return;
        }
        let limit = if self.options.detail == Detail::Verbose {
            usize::MAX
        } else {
            SHOWN_ACTIONS
        };
        let rest = actions.len().saturating_sub(limit);
        actions.truncate(limit);
        let width = actions
            .iter()
            .map(|(action, _)| text::width(bare(action)))
            .filter(|width| *width <= LONGEST_NEXT_STEP)
            .max();
        let mut block = self.style(STRONG, "what would unblock it:");
        for (action, checks) in actions {
            let why = self.style(FAINT, &format!("# {}", text::line(&checks.join(", "))));
            block.push_str(&format!(
                "\n  {}  {why}",
                text::pad(&text::line(bare(action)), width.unwrap_or(0))
            ));
        }
        if rest > 0 {
            block.push_str(&format!("\n  … and {rest} more; -v shows all"));
        }
        self.block(&block);
    }

    fn bounds(&mut self) {
        if self.report.bounds.is_empty() {
            return;
        }
        let mut block = self.style(STRONG, "not part of the claim:");
        for bound in &self.report.bounds {
            let line = format!("{} (risk {}): {}", bound.surface, bound.risk, bound.reason);
            let wrapped = text::wrap(&text::line(&line), self.options.width.saturating_sub(4).max(20));
            block.push_str(&format!("\n  {}", wrapped.join("\n    ")));
        }
        self.block(&block);
    }

    /// What the decision claims, and what it does not.
    fn claim(&mut self) {
        if let Some(claim) = self.report.claim() {
            let wrapped = text::wrap(&text::line(&claim), self.options.width.saturating_sub(4).max(20));
            self.block(&wrapped.join("\n  "));
        }
    }

    fn verdict(&mut self) {
        let style = if self.report.decision.is_ready() { GOOD } else { BAD };
        let verdict = self.style(style, &self.report.verdict());
        let mut last = format!("{verdict}: {}", self.report.tally());
        if let Some(next) = self.next_step() {
            last.push_str(&format!("; next: {}", text::line(&next)));
        }
        self.out.push_str(&last);
        self.out.push('\n');
    }

    /// The single most useful thing to do now.
    fn next_step(&self) -> Option<String> {
        if self.report.decision.is_ready() {
            let next = Stage::ALL.into_iter().find(|stage| *stage > self.report.stage)?;
            return Some(format!("cargo gate {next}"));
        }
        let Some(step) = self.report.unblock.first() else {
            return Some(format!("cargo gate explain {}", self.report.first_blocking()?.id));
        };
        let action = bare(&step.action);
        if text::width(action) <= LONGEST_NEXT_STEP {
            return Some(action.to_owned());
        }
        Some(format!("cargo gate explain {}", step.check))
    }

    fn list(&mut self, title: &str, rows: &[(&str, String)]) {
        let Some(width) = rows.iter().map(|(id, _)| text::width(id)).max() else {
            return;
        };
        let mut block = self.style(STRONG, &format!("{title}:"));
        for (id, about) in rows {
            block.push_str(&format!("\n  {}  {about}", text::pad(&text::line(id), width)));
        }
        self.block(&block);
    }

    fn diagnostic(&mut self, diagnostic: &Diagnostic<'_>) {
        let block = diagnostic.render(&self.renderer, self.sources, self.options.width);
        self.block(&block);
    }

    /// A paragraph, with an empty line after it.
    fn block(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push_str("\n\n");
    }

    fn style(&self, style: Style, text: &str) -> String {
        if self.options.styled {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

/// A help that is nothing but a command, without the marks around it: what stands on a line of its own is copied whole.
fn bare(action: &str) -> &str {
    let inner = action.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
    inner.filter(|inner| !inner.contains('`')).unwrap_or(action)
}

/// What was already said about a check.
#[derive(Default)]
struct Said(BTreeSet<String>);

impl Said {
    /// Whether this is said for the first time.
    fn first(&mut self, text: &str) -> bool {
        self.0.insert(text.to_owned())
    }
}

#[cfg(test)]
mod tests;
