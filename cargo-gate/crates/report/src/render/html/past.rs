//! What the page knows of earlier runs: how they ended, and what is different now.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::text;
use super::context::{HtmlContext, PastRun, PreviousRun};
use super::markup::{Tone, code, folded, is_relative, mark, plain, prose, table};
use super::verdict::{decision, link};
use crate::{Decision, Report};

/// Runs in a strip.
const STRIP: usize = 40;
/// Runs in a table.
const LISTED: usize = 200;
/// Messages of findings in a list.
const MESSAGES: usize = 30;

/// How the runs of the stage ended, this one included.
pub(super) fn history(report: &Report, context: &HtmlContext) -> String {
    let mut out = String::new();
    if let Some(confidence) = &report.confidence {
        let _ = writeln!(
            out,
            "<p>{} in a row within {}, this one included; {}.</p>",
            text::count(confidence.runs, "ready run"),
            plain(&confidence.window),
            text::count(confidence.regressions, "regression")
        );
    }
    if context.history.is_empty() {
        return out;
    }
    let mut decisions: Vec<Decision> = context.history.iter().map(|run| run.decision).collect();
    decisions.push(report.decision);
    out.push_str(&strip(&decisions));
    out.push_str(OLDEST_FIRST);
    let rows: Vec<String> = context.history.iter().rev().take(LISTED).map(row).collect();
    let words = text::count(context.history.len() as u64, "earlier run");
    out.push_str(&folded(&words, &table("Earlier runs", &HEAD, &rows)));
    out
}

/// The columns of [`row`].
pub(super) const HEAD: [&str; 5] = ["Started", "Stage", "Decision", "Commit", "Run"];

/// A run as a row of a table.
pub(super) fn row(run: &PastRun) -> String {
    let commit = match &run.commit {
        Some(commit) => {
            let short: String = commit.chars().take(12).collect();
            let dirty = if run.dirty { " with changes" } else { "" };
            format!("{}{dirty}", code(&short))
        }
        None => "<span class=\"none\">none</span>".to_owned(),
    };
    let name = match &run.page {
        Some(page) if is_relative(page) => format!("<a href=\"{}\">{}</a>", plain(page), code(&run.run_id)),
        _ => code(&run.run_id),
    };
    format!(
        "<td class=\"keep\">{}</td><td>{}</td><td class=\"keep\">{}</td><td class=\"keep\">{commit}</td><td class=\"keep\">{name}</td>",
        plain(&text::timestamp(&run.started)),
        run.stage,
        decision(run.decision)
    )
}

/// What a reader of a [`strip`] must know.
pub(super) const OLDEST_FIRST: &str = "<p class=\"sub small\">Oldest first; the last is the newest.</p>\n";

/// Decisions as a row of signs, oldest first.
pub(super) fn strip(decisions: &[Decision]) -> String {
    let shown = &decisions[decisions.len().saturating_sub(STRIP)..];
    let ready = shown.iter().filter(|decision| decision.is_ready()).count();
    let width = shown.len() * 20;
    let mut out = format!(
        "<svg class=\"strip\" viewBox=\"0 0 {width} 20\" width=\"{width}\" height=\"20\" role=\"img\" aria-label=\"The last {}, oldest first: {ready} ready\">",
        text::count(shown.len() as u64, "run")
    );
    for (index, decision) in shown.iter().enumerate() {
        let (x, tone) = (index * 20 + 10, super::verdict::tone(*decision));
        let sign = match decision {
            Decision::Ready => format!("M{} 10l3 3l5 -6", x - 4),
            Decision::ReadyWithBoundedScope => format!("M{} 10h8", x - 4),
            Decision::NotReady => format!("M{} 7l6 6m0 -6l-6 6", x - 3),
        };
        let _ = write!(
            out,
            "<circle class=\"dot {}\" cx=\"{x}\" cy=\"10\" r=\"8\"/><path class=\"on\" d=\"{sign}\"/>",
            tone.class()
        );
    }
    out.push_str("</svg>\n");
    out
}

/// What is different from the run of the stage before this one.
pub(super) fn difference(report: &Report, context: &HtmlContext) -> String {
    let Some(previous) = &context.previous else {
        return String::new();
    };
    let mut out = format!(
        "<p>Compared with {} of {}: {} then, {} now.</p>\n",
        code(&previous.run_id),
        plain(&text::timestamp(&previous.started)),
        decision(previous.decision),
        decision(report.decision)
    );
    let rows = outcomes(report, previous);
    let (new, gone) = messages(report, previous);
    if rows.is_empty() && new.is_empty() && gone.is_empty() {
        out.push_str("<p>Every check has the same outcome, and no finding is new or gone.</p>\n");
        return out;
    }
    if !rows.is_empty() {
        out.push_str(&table("Changed outcomes", &["Check", "Then", "Now"], &rows));
    }
    for (words, tone, messages) in [("new", Tone::Warn, &new), ("gone", Tone::Good, &gone)] {
        if messages.is_empty() {
            continue;
        }
        let number: usize = messages.iter().map(|(_, _, number)| number).sum();
        let mut body = "<ul class=\"plain\">\n".to_owned();
        for (check, message, number) in messages.iter().take(MESSAGES) {
            let times = if *number > 1 {
                format!(" ({number} times)")
            } else {
                String::new()
            };
            let _ = writeln!(body, "<li>{}: {}{times}</li>", link(report, check), prose(message));
        }
        if messages.len() > MESSAGES {
            let _ = writeln!(body, "<li>… and {} more</li>", messages.len() - MESSAGES);
        }
        body.push_str("</ul>\n");
        out.push_str(&folded(
            &format!("{} {}", mark(tone, words), text::count(number as u64, "finding")),
            &body,
        ));
    }
    out
}

/// Checks whose outcome is another one, or that only one of the runs has.
fn outcomes(report: &Report, previous: &PreviousRun) -> Vec<String> {
    let then: BTreeMap<&str, _> = previous
        .checks
        .iter()
        .map(|check| (check.id.as_str(), check.outcome))
        .collect();
    let now: BTreeMap<&str, _> = report
        .checks
        .iter()
        .map(|check| (check.id.as_str(), check.outcome))
        .collect();
    let ids: std::collections::BTreeSet<&str> = then.keys().chain(now.keys()).copied().collect();
    let shown = |outcome: Option<&crate::Outcome>| match outcome {
        Some(outcome) => mark((*outcome).into(), outcome.words()),
        None => mark(Tone::Idle, "absent"),
    };
    ids.into_iter()
        .filter(|id| then.get(id) != now.get(id))
        .map(|id| {
            format!(
                "<th scope=\"row\">{}</th><td class=\"keep\">{}</td><td class=\"keep\">{}</td>",
                link(report, id),
                shown(then.get(id)),
                shown(now.get(id))
            )
        })
        .collect()
}

type Messages<'a> = Vec<(&'a str, &'a str, usize)>;

/// Open findings that are new and those that are gone, by check and message, with their numbers.
fn messages<'a>(report: &'a Report, previous: &'a PreviousRun) -> (Messages<'a>, Messages<'a>) {
    let mut counts: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for check in &previous.checks {
        for message in &check.findings {
            counts.entry((&check.id, message)).or_default().0 += 1;
        }
    }
    for check in &report.checks {
        for finding in check.findings.iter().filter(|finding| finding.is_open()) {
            counts.entry((&check.id, &finding.message)).or_default().1 += 1;
        }
    }
    let more = |pick: fn(&(usize, usize)) -> usize| -> Messages<'a> {
        counts
            .iter()
            .map(|((check, message), counts)| (*check, *message, pick(counts)))
            .filter(|(_, _, number)| *number > 0)
            .collect()
    };
    (
        more(|(then, now)| now.saturating_sub(*then)),
        more(|(then, now)| then.saturating_sub(*now)),
    )
}
