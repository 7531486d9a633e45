//! What checks found: by check, and by check and crate.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::ranking::is_unjudged;
use super::super::summary::merged;
use super::super::{Weight, text};
use super::context::HtmlContext;
use super::markup::{Tone, action, at, code, folded, id, lines, mark, prose};
use super::verdict::link;
use crate::{CheckReport, Finding, Report};

/// Findings of one check that are put together before they are shown.
const READ: usize = 2_000;
/// Findings shown of one check and weight.
const SHOWN: usize = 200;
/// Places shown of a finding before the others are folded, and at all.
const PLACES: usize = 6;
const MOST_PLACES: usize = 200;

/// Each check with something to say, those that block first.
pub(super) fn findings(report: &Report, context: &HtmlContext) -> String {
    let mut out = String::new();
    let (blocking, passing): (Vec<_>, Vec<_>) = report.checks.iter().partition(|check| !check.outcome.passes());
    for check in blocking.into_iter().chain(passing) {
        if !check.findings.is_empty() || check.reason.is_some() {
            out.push_str(&of_check(report, check, context));
        }
    }
    out
}

fn of_check(report: &Report, check: &CheckReport, context: &HtmlContext) -> String {
    let number = check.findings.len() as u64;
    let counted = if number == 0 {
        String::new()
    } else {
        format!(" · {}", text::count(number, "finding"))
    };
    let open = if check.outcome.passes() { "" } else { " open=\"open\"" };
    let mut out = format!(
        "<details class=\"check\" id=\"{}\"{open}>\n<summary>{} <h3>{}</h3><span class=\"sub\">{}{counted}</span></summary>\n",
        id("check", &check.id),
        mark(check.outcome.into(), check.outcome.words()),
        code(&check.id),
        prose(&check.summary)
    );
    if let Some(reason) = &check.reason {
        let tone = if is_unjudged(check) { Tone::Bad } else { Tone::Idle };
        let _ = write!(
            out,
            "<div class=\"finding {}\"><p>{}</p>",
            tone.class(),
            prose(&reason.message)
        );
        if let Some(help) = &reason.help {
            let _ = write!(out, "<p><strong>Help:</strong> {}</p>", action(help));
        }
        out.push_str("</div>\n");
    }
    if context.in_run_directory
        && let Some(evidence) = &check.evidence
    {
        for log in evidence
            .artifacts
            .iter()
            .filter(|artifact| artifact.path.ends_with(".log"))
        {
            let _ = writeln!(out, "<p class=\"small\">{}</p>", log_link(&log.path));
        }
    }
    for weight in [Weight::Blocks, Weight::Warns, Weight::Covered] {
        let mut of_weight: Vec<&Finding> = check
            .findings
            .iter()
            .filter(|finding| report.weight(finding) == weight)
            .collect();
        of_weight.sort_by_key(|finding| (finding.blocks_at.is_none(), finding.blocks_at));
        let mut shown = 0;
        let mut body = String::new();
        for (number, finding) in merged(of_weight.iter().take(READ).copied()).into_iter().take(SHOWN) {
            shown += number;
            body.push_str(&of_finding(weight, &finding, context));
        }
        if shown < of_weight.len() {
            let rest = text::count((of_weight.len() - shown) as u64, "more finding");
            let _ = writeln!(body, "<p>… and {rest}, which <code>report.json</code> lists.</p>");
        }
        if weight == Weight::Covered && !body.is_empty() {
            let words = text::count(of_weight.len() as u64, "covered finding");
            body = folded(&words, &body);
        }
        out.push_str(&body);
    }
    out.push_str("</details>\n");
    out
}

/// A link to a log of the run.
pub(super) fn log_link(path: &str) -> String {
    format!(
        "<a href=\"{}\">full log</a>",
        super::super::markdown::percent_encoded(path)
    )
}

fn of_finding(weight: Weight, finding: &Finding, context: &HtmlContext) -> String {
    let tone = Tone::from(weight);
    let level = match (weight, finding.blocks_at) {
        (Weight::Blocks, _) => "blocks".to_owned(),
        (Weight::Warns, Some(stage)) => format!("blocks at {stage}"),
        (Weight::Warns, None) => "warning".to_owned(),
        (Weight::Covered, _) => "covered".to_owned(),
    };
    let mut out = format!(
        "<div class=\"finding {}\">\n<p>{} {}</p>\n",
        tone.class(),
        mark(tone, &level),
        prose(&finding.message)
    );
    out.push_str(&places(finding, context));
    if let Some(detail) = &finding.detail {
        let _ = writeln!(out, "<pre>{}</pre>", lines(detail));
    }
    if let Some(help) = &finding.help {
        let _ = writeln!(out, "<p><strong>Help:</strong> {}</p>", action(help));
    }
    if let Some(covered) = finding.covered() {
        let _ = writeln!(out, "<p>{}</p>", prose(&covered));
    }
    let mut notes = Vec::new();
    if let Some(package) = &finding.package {
        notes.push(format!("crate {}", code(package)));
    }
    if let Some(policy) = &finding.policy {
        notes.push(format!("required by {}", at(policy, context)));
    }
    if finding.fix.is_some() {
        notes.push("can be applied with <code>--fix</code>".to_owned());
    }
    if !notes.is_empty() {
        let _ = writeln!(out, "<p class=\"sub small\">{}</p>", notes.join(" · "));
    }
    out.push_str("</div>\n");
    out
}

fn places(finding: &Finding, context: &HtmlContext) -> String {
    let list = |locations: &[crate::Location]| {
        let mut out = "<ul>\n".to_owned();
        for location in locations {
            let _ = writeln!(out, "<li>{}</li>", at(location, context));
        }
        out.push_str("</ul>\n");
        out
    };
    let locations = &finding.locations;
    if locations.is_empty() {
        return String::new();
    }
    let (first, rest) = locations.split_at(locations.len().min(PLACES));
    let mut out = list(first);
    if !rest.is_empty() {
        let shown = &rest[..rest.len().min(MOST_PLACES)];
        let mut body = list(shown);
        if shown.len() < rest.len() {
            let _ = writeln!(body, "<p>… and {} more</p>", rest.len() - shown.len());
        }
        out.push_str(&folded(&text::count(rest.len() as u64, "more place"), &body));
    }
    out
}

/// How many findings each check has in each crate. Empty where no finding names a crate.
pub(super) fn matrix(report: &Report) -> String {
    let columns: Vec<&CheckReport> = report
        .checks
        .iter()
        .filter(|check| !check.findings.is_empty())
        .collect();
    // Packages by name, and last what is about none of them.
    let mut rows: BTreeMap<(bool, &str), BTreeMap<usize, [usize; 3]>> = BTreeMap::new();
    for (index, check) in columns.iter().enumerate() {
        for finding in &check.findings {
            let package = finding.package.as_deref();
            let row = rows
                .entry((package.is_none(), package.unwrap_or_default()))
                .or_default();
            let place = match report.weight(finding) {
                Weight::Blocks => 0,
                Weight::Warns => 1,
                Weight::Covered => 2,
            };
            row.entry(index).or_default()[place] += 1;
        }
    }
    if !rows.keys().any(|(of_none, _)| !of_none) {
        return String::new();
    }
    let mut out = "<ul class=\"legend\">".to_owned();
    for (tone, words) in [(Tone::Bad, "blocks"), (Tone::Warn, "warns"), (Tone::Calm, "covered")] {
        let _ = write!(out, "<li>{}</li>", mark(tone, words));
    }
    out.push_str("</ul>\n<div class=\"scroll matrix\" role=\"region\" tabindex=\"0\" aria-label=\"Findings by crate and check\">\n<table>\n<thead><tr><th scope=\"col\">Crate</th>");
    for check in &columns {
        let _ = write!(
            out,
            "<th scope=\"col\"><span class=\"up\">{}</span></th>",
            link(report, &check.id)
        );
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for ((of_none, package), cells) in &rows {
        let name = if *of_none {
            "the workspace".to_owned()
        } else {
            code(package)
        };
        let _ = write!(out, "<tr><th scope=\"row\">{name}</th>");
        for index in 0..columns.len() {
            out.push_str("<td class=\"cell\">");
            match cells.get(&index) {
                None => out.push_str("<span class=\"none\">–</span>"),
                Some(counts) => {
                    for (count, tone, words) in [
                        (counts[0], Tone::Bad, "blocking"),
                        (counts[1], Tone::Warn, "warning"),
                        (counts[2], Tone::Calm, "covered"),
                    ] {
                        if count > 0 {
                            let _ = write!(
                                out,
                                "<span class=\"mark {}\" title=\"{count} {words}\"><span aria-hidden=\"true\">{}</span> {count}</span>",
                                tone.class(),
                                tone.sign()
                            );
                        }
                    }
                }
            }
            out.push_str("</td>");
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
    let without = report
        .kinds
        .iter()
        .filter(|kind| !rows.contains_key(&(false, kind.package.as_str())))
        .count();
    if without > 0 {
        let _ = writeln!(
            out,
            "<p class=\"sub small\">{} without findings.</p>",
            text::count(without as u64, "crate")
        );
    }
    out
}
