//! What suites took, what was reused, and what is covered for a time.

use std::fmt::Write as _;

use super::super::{text, waivers};
use super::context::HtmlContext;
use super::findings::log_link;
use super::markup::{Tone, bar, code, mark, plain, prose, table};
use super::verdict::link;
use crate::{EvidenceRecord, Report, SuiteResult};

/// Days from which on a waiver that ends is worth a warning.
const SOON: i32 = 14;

/// What each suite took, and whether it ran.
pub(super) fn times(report: &Report, context: &HtmlContext) -> String {
    let of = |check| {
        let check: &crate::CheckReport = check;
        let evidence = check.evidence.as_ref()?;
        Some((check, evidence, evidence.suite.as_ref()?))
    };
    let suites: Vec<_> = report.checks.iter().filter_map(of).collect();
    if suites.is_empty() {
        return String::new();
    }
    let longest = suites
        .iter()
        .map(|(_, _, suite)| suite.duration_ms)
        .max()
        .unwrap_or(0)
        .max(1);
    let sum = |reused: bool| -> u64 {
        let of = suites.iter().filter(|(_, evidence, _)| evidence.reused == reused);
        of.map(|(_, _, suite)| suite.duration_ms).sum()
    };
    let reused = suites.iter().filter(|(_, evidence, _)| evidence.reused).count();
    let mut out = format!("<p>{} of {} reused", reused, text::count(suites.len() as u64, "suite"));
    if reused > 0 {
        let _ = write!(out, ", which took {} when they ran", text::duration(sum(true)));
    }
    if reused < suites.len() {
        let _ = write!(out, "; the others took {}", text::duration(sum(false)));
    }
    out.push_str(".</p>\n");
    let rows: Vec<String> = suites
        .iter()
        .map(|(check, evidence, suite)| {
            let part = suite.duration_ms as f64 / longest as f64;
            let tone = if evidence.reused { Tone::Calm } else { Tone::from(check.outcome) };
            let log = match logs(evidence, context) {
                log if log.is_empty() => log,
                log => format!("<br/>{log}"),
            };
            format!(
                "<th scope=\"row\">{}{log}</th><td class=\"keep\">{}</td><td class=\"keep\">{} {}</td><td class=\"keep\">{}</td><td class=\"wide\">{}</td>",
                link(report, &check.id),
                mark(check.outcome.into(), check.outcome.words()),
                bar(part, tone),
                text::duration(suite.duration_ms),
                ran(evidence),
                tests(suite)
            )
        })
        .collect();
    out.push_str(&table(
        "Time and reuse of suites",
        &["Suite", "Outcome", "Time", "Evidence", "What ran"],
        &rows,
    ));
    out
}

fn ran(evidence: &EvidenceRecord) -> String {
    if evidence.reused {
        format!(
            "{}<br/><span class=\"sub\">from {}</span>",
            mark(Tone::Calm, "reused"),
            plain(&text::timestamp(&evidence.recorded))
        )
    } else {
        mark(Tone::Idle, "ran now")
    }
}

fn logs(evidence: &EvidenceRecord, context: &HtmlContext) -> String {
    if !context.in_run_directory {
        return String::new();
    }
    let logs = evidence
        .artifacts
        .iter()
        .filter(|artifact| artifact.path.ends_with(".log"));
    logs.map(|log| log_link(&log.path)).collect::<Vec<_>>().join(" ")
}

fn tests(suite: &SuiteResult) -> String {
    let mut parts = Vec::new();
    for (number, words) in [
        (suite.failed, "failed"),
        (suite.passed, "passed"),
        (suite.skipped, "skipped"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {words}"));
        }
    }
    if suite.timed_out {
        parts.push("the time limit ended it".to_owned());
    } else if let Some(signal) = suite.signal {
        parts.push(format!("signal {signal} ended it"));
    } else if let Some(exit_code) = suite.exit_code.filter(|code| *code != 0) {
        parts.push(format!("exit code {exit_code}"));
    }
    let command = code(&suite.command.join(" "));
    if parts.is_empty() {
        return command;
    }
    format!("{}<br/>{command}", parts.join(", "))
}

/// Waivers and known findings, the one that ends first in front.
pub(super) fn covers(report: &Report) -> String {
    let covers = waivers::by_days_left(report);
    if covers.is_empty() {
        return String::new();
    }
    let longest = covers.iter().filter_map(|cover| cover.days).max().unwrap_or(1).max(1);
    let rows: Vec<String> = covers
        .iter()
        .map(|cover| {
            let left = match cover.days {
                Some(days) => {
                    let tone = if days <= SOON { Tone::Warn } else { Tone::Calm };
                    let soon = if days <= SOON { format!(" {}", mark(Tone::Warn, "soon")) } else { String::new() };
                    format!("{} {days}{soon}", bar(f64::from(days) / f64::from(longest), tone))
                }
                None => "—".to_owned(),
            };
            let checks: Vec<String> = cover.checks.iter().map(|check| link(report, check)).collect();
            format!(
                "<td class=\"keep\">{left}</td><td class=\"keep\">{}</td><td>{}</td><td class=\"num\">{}</td><td>{}</td><td class=\"wide\">{}</td>",
                plain(cover.until),
                plain(cover.owner),
                cover.findings,
                checks.join(", "),
                prose(cover.why)
            )
        })
        .collect();
    let head = ["Days left", "Last day", "Owner", "Findings<#>", "Checks", "Reason"];
    table("Waivers and known findings by days left", &head, &rows)
}
