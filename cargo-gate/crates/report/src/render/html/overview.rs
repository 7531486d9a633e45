//! Everything that was judged, and what identifies the run.

use std::fmt::Write as _;

use super::super::text;
use super::markup::{Tone, code, folded, mark, plain, prose, table};
use super::verdict::link;
use crate::{Outcome, Report};

/// The items of the checklist.
pub(super) fn checklist(report: &Report) -> String {
    let Some(checklist) = &report.checklist else {
        return String::new();
    };
    let rows: Vec<String> = checklist
        .items
        .iter()
        .map(|item| {
            let state = if item.met {
                mark(Tone::Good, "met")
            } else {
                mark(Tone::Bad, "open")
            };
            format!(
                "<td class=\"keep\">{state}</td><th scope=\"row\">{}</th><td>{}</td><td class=\"wide\">{}</td>",
                code(&item.id),
                item.stage,
                prose(&item.description)
            )
        })
        .collect();
    format!(
        "<p>{} of {} met.</p>\n{}",
        checklist.met,
        checklist.total,
        table(
            "Checklist",
            &["State", "Item", "From stage", "What must be true"],
            &rows
        )
    )
}

/// Every check with its outcome, and the checks that do not apply.
pub(super) fn checks(report: &Report) -> String {
    if report.checks.is_empty() && report.not_applicable.is_empty() {
        return String::new();
    }
    let rows: Vec<String> = report
        .checks
        .iter()
        .map(|check| {
            let evidence = match &check.evidence {
                Some(evidence) if evidence.reused => format!("reused from {}", plain(&text::timestamp(&evidence.recorded))),
                Some(_) => "collected in this run".to_owned(),
                None => "<span class=\"none\">none</span>".to_owned(),
            };
            let words = match check.outcome {
                Outcome::Pass if !check.findings.is_empty() => "pass, covered",
                outcome => outcome.words(),
            };
            format!(
                "<th scope=\"row\">{}</th><td class=\"keep\">{}</td><td class=\"num\">{}</td><td>{evidence}</td><td class=\"wide\">{}</td>",
                link(report, &check.id),
                mark(check.outcome.into(), words),
                check.findings.len(),
                prose(&check.summary)
            )
        })
        .collect();
    let mut out = String::new();
    if !rows.is_empty() {
        let head = ["Check", "Outcome", "Findings<#>", "Evidence", "What it requires"];
        let summary = plain(&text::count(rows.len() as u64, "check"));
        out.push_str(&folded(&summary, &table("Checks", &head, &rows)));
    }
    if !report.not_applicable.is_empty() {
        let rows: Vec<String> = report
            .not_applicable
            .iter()
            .map(|check| {
                format!(
                    "<th scope=\"row\">{}</th><td class=\"wide\">{}</td>",
                    code(&check.id),
                    prose(&check.reason)
                )
            })
            .collect();
        let words = match rows.len() {
            1 => "1 check does not apply here".to_owned(),
            number => format!("{number} checks do not apply here"),
        };
        out.push_str(&folded(
            &words,
            &table("Checks that do not apply", &["Check", "Why"], &rows),
        ));
    }
    out
}

/// What identifies the run and what it judged.
pub(super) fn identity(report: &Report) -> String {
    let subject = &report.subject;
    let mut out = "<dl>\n".to_owned();
    let mut row = |name: &str, value: String| {
        let _ = writeln!(out, "<dt>{name}</dt><dd>{value}</dd>");
    };
    row("Run", code(&report.run_id));
    if let Some(commit) = &subject.commit {
        row("Commit", code(commit));
    }
    row("Content", code(&subject.content));
    if !subject.directory.is_empty() {
        row("Workspace", code(&subject.directory));
    }
    if !subject.selected.is_empty() {
        let selected: Vec<String> = subject.selected.iter().map(|package| code(package)).collect();
        row("Limited to", selected.join(", "));
    }
    if let Some(policy) = &subject.policy_sha256 {
        row("Policy (SHA-256)", code(policy));
    }
    if let Some(kernels) = &subject.kernels {
        row("Kernels", code(kernels));
    }
    row("Files", subject.files.to_string());
    row(
        "Tool",
        format!("{} {}", plain(&report.tool.name), plain(&report.tool.version)),
    );
    if let Some(directory) = &report.run_dir {
        row("Run directory", code(directory));
    }
    out.push_str("</dl>\n");
    out
}
