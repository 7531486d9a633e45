//! `report.md`, for people and for the job summaries of CI systems (GitHub-flavoured Markdown).

use super::{Weight, place, waivers};
use crate::claim::Standing;
use crate::{CheckReport, Finding, Location, Outcome, Report};

mod measured;
mod words;

pub(super) use measured::measured_sections;
use words::Lines;
pub(super) use words::{code, prose};

/// The report as Markdown. `links` is what stands in front of a workspace path to make a link of it: `../../../../`
/// from a run directory, or `https://…/blob/<commit>/`; without it, places are not linked.
pub fn render(report: &Report, links: Option<&str>) -> String {
    let mut out = head(report);
    out.push_str(&unblock_section(report));
    out.push_str(&bounds_section(report));
    out.push_str(&waivers_section(report));
    out.push_str(&checklist_section(report));
    out.push_str(&measured_sections(report));
    out.push_str(&table_section(report));
    for check in &report.checks {
        if check.findings.is_empty() && check.reason.is_none() {
            continue;
        }
        out.push_str(&check_section(check));
        for finding in &check.findings {
            out.push_str(&finding_item(report, finding, links));
        }
    }
    match report.not_applicable.len() {
        0 => {}
        1 => out.push_str("\n1 check does not apply here.\n"),
        count => out.push_str(&format!("\n{count} checks do not apply here.\n")),
    }
    out
}

/// The verdict and what was judged.
pub(super) fn head(report: &Report) -> String {
    let mut lines = Lines::default();
    let name = code(&report.subject.name);
    lines.add(&format!("# {name}: {}\n", prose(&report.verdict())));
    lines.add(&format!("{}.\n", prose(&report.tally())));
    subject(report, &mut lines);
    lines.0
}

/// The heading of a check, and why it has no judgement.
pub(super) fn check_section(check: &CheckReport) -> String {
    let mut lines = Lines::default();
    lines.add(&format!("\n## {}\n", code(&check.id)));
    lines.add(&format!("{}\n", prose(&check.summary)));
    if let Some(reason) = &check.reason {
        lines.add(&format!("- **{}**: {}", check.outcome.words(), prose(&reason.message)));
        if let Some(help) = &reason.help {
            lines.add(&format!("  - help: {}", prose(help)));
        }
    }
    lines.0
}

fn subject(report: &Report, lines: &mut Lines) {
    let subject = &report.subject;
    let commit = subject.commit.as_deref().map_or_else(
        || "not under version control".to_owned(),
        |commit| {
            let dirty = if subject.dirty == Some(true) {
                ", with uncommitted changes"
            } else {
                ""
            };
            let branch = subject
                .branch
                .as_deref()
                .map(|branch| format!(" on {}", code(branch)))
                .unwrap_or_default();
            format!("{}{branch}{dirty}", code(commit))
        },
    );
    lines.add("| | |\n| --- | --- |");
    let mut row = |key: &str, value: &str| lines.add(&format!("| {key} | {value} |"));
    row("Commit", &commit);
    row("Content", &code(&subject.content));
    if let Some(policy) = &subject.policy_sha256 {
        row("Policy (SHA-256)", &code(policy));
    }
    if let Some(scope) = &report.scope {
        row("Scope", &prose(scope));
    }
    if let Some(claim) = report.claim() {
        row("Claim", &prose(&claim));
    }
    row(
        "Run",
        &format!("{}, started {}", code(&report.run_id), prose(&report.started)),
    );
    row(
        "Tool",
        &format!("{} {}", prose(&report.tool.name), prose(&report.tool.version)),
    );
    lines.add("");
}

/// What would unblock the stage; empty when nothing would.
pub(super) fn unblock_section(report: &Report) -> String {
    let mut lines = Lines::default();
    let actions = report.unblock_actions();
    if actions.is_empty() {
        return lines.0;
    }
    lines.add("## What would unblock it\n");
    for (action, checks) in actions {
        let checks: Vec<String> = checks.into_iter().map(code).collect();
        // An action is a command or an edit in words.
        let is_command = ["cargo ", "git ", "rustup "]
            .iter()
            .any(|program| action.starts_with(program));
        let action = if is_command { code(action) } else { prose(action) };
        lines.add(&format!("1. {action} — {}", checks.join(", ")));
    }
    lines.add("");
    lines.0
}

/// What is outside the claim: surfaces, groups without evidence, and where the policy is weaker than the stage; empty when nothing is.
pub(super) fn bounds_section(report: &Report) -> String {
    let mut items = Vec::new();
    for bound in &report.bounds {
        items.push(format!(
            "{} (risk {}): {}",
            prose(&bound.surface),
            prose(&bound.risk),
            prose(&bound.reason)
        ));
    }
    for claim in &report.claims {
        match claim.standing {
            Standing::Later => items.push(format!("{}: declared for a later stage", claim.group)),
            Standing::Missing => items.push(format!("{}: nothing is declared", claim.group)),
            Standing::Unjudged => items.push(format!("{}: declared, without a judgement", claim.group)),
            // The bounds list what is excluded.
            Standing::Claimed | Standing::Excluded | Standing::NotAsked => {}
        }
    }
    for relaxed in &report.relaxed {
        items.push(format!(
            "weaker than the default: {} ({})",
            prose(&relaxed.rule),
            prose(&relaxed.reason)
        ));
    }
    let mut lines = Lines::default();
    if items.is_empty() {
        return lines.0;
    }
    lines.add("## Not part of the claim\n");
    for item in items {
        lines.add(&format!("- {item}"));
    }
    lines.add("");
    lines.0
}

/// Waivers and known findings, the one that ends first in front; empty when there are none.
pub(super) fn waivers_section(report: &Report) -> String {
    let mut lines = Lines::default();
    let covers = waivers::by_days_left(report);
    if covers.is_empty() {
        return lines.0;
    }
    lines.add("## Waivers by days left\n\n| Days left | Last day | Owner | Findings | Checks | Reason |\n| ---: | --- | --- | ---: | --- | --- |");
    for cover in covers {
        let days = cover.days.map_or_else(|| "unknown".to_owned(), |days| days.to_string());
        let checks: Vec<String> = cover.checks.into_iter().map(code).collect();
        lines.add(&format!(
            "| {days} | {} | {} | {} | {} | {} |",
            prose(cover.until),
            code(cover.owner),
            cover.findings,
            checks.join(", "),
            prose(cover.why)
        ));
    }
    lines.add("");
    lines.0
}

/// The items of the checklist; empty when none is declared.
fn checklist_section(report: &Report) -> String {
    let mut lines = Lines::default();
    let Some(checklist) = &report.checklist else {
        return lines.0;
    };
    lines.add(&format!("## Checklist: {} of {} met\n", checklist.met, checklist.total));
    for item in &checklist.items {
        let mark = if item.met { 'x' } else { ' ' };
        let (id, description) = (code(&item.id), prose(&item.description));
        lines.add(&format!("- [{mark}] {id} ({}): {description}", item.stage));
    }
    lines.add("");
    lines.0
}

/// Every check with its outcome.
pub(super) fn table_section(report: &Report) -> String {
    let mut lines = Lines::default();
    if report.checks.is_empty() {
        return lines.0;
    }
    lines.add("## Checks\n\n| Check | Outcome | Findings | Evidence |\n| --- | --- | ---: | --- |");
    for check in &report.checks {
        lines.add(&format!(
            "| {} | {} | {} | {} |",
            code(&check.id),
            outcome(check),
            check.findings.len(),
            match &check.evidence {
                Some(evidence) if evidence.reused => format!("reused from {}", prose(&evidence.recorded)),
                Some(_) => "collected in this run".to_owned(),
                None => "none".to_owned(),
            }
        ));
    }
    lines.0
}

fn outcome(check: &CheckReport) -> String {
    let words = check.outcome.words();
    if !check.outcome.passes() {
        format!("**{words}**")
    } else if check.outcome == Outcome::Pass && !check.findings.is_empty() {
        format!("{words} (findings waived, known or excluded)")
    } else {
        words.to_owned()
    }
}

/// A finding as an item of a list.
pub(super) fn finding_item(report: &Report, finding: &Finding, links: Option<&str>) -> String {
    let mut lines = Lines::default();
    let level = match (report.weight(finding), finding.blocks_at) {
        (Weight::Blocks, _) => "**error**".to_owned(),
        (Weight::Warns, Some(stage)) => format!("warning, blocks at {stage}"),
        (Weight::Warns, None) => "warning".to_owned(),
        (Weight::Covered, _) => "covered".to_owned(),
    };
    lines.add(&format!("- {level}: {}", prose(&finding.message)));
    for location in &finding.locations {
        lines.add(&format!("  - at {}", link(location, links)));
    }
    if let Some(policy) = &finding.policy {
        lines.add(&format!("  - required by {}", link(policy, links)));
    }
    if let Some(waiver) = &finding.waived {
        let (owner, expires) = (code(&waiver.owner), prose(&waiver.expires));
        lines.add(&format!(
            "  - waived until {expires} by {owner}: {}",
            prose(&waiver.reason)
        ));
    }
    if let Some(known) = &finding.known {
        let (owner, until) = (code(&known.owner), prose(&known.until));
        lines.add(&format!(
            "  - known until {until}, owned by {owner} ({})",
            code(&known.file)
        ));
    }
    if let Some(surface) = &finding.excluded {
        lines.add(&format!("  - outside the claim: {}", prose(surface)));
    }
    if let Some(help) = &finding.help {
        lines.add(&format!("  - help: {}", prose(help)));
    }
    lines.0
}

fn link(location: &Location, links: Option<&str>) -> String {
    let shown = code(&place(location));
    let Some(base) = links else {
        return shown;
    };
    let fragment = location.line.map(|line| format!("#L{line}")).unwrap_or_default();
    format!("[{shown}]({base}{}{fragment})", percent_encoded(&location.path))
}

/// A path as part of a URI (RFC 3986): everything but unreserved characters and `/` is percent-encoded.
pub(super) fn percent_encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn every_sample_reads_well() {
        for (name, report) in samples::all() {
            insta::assert_snapshot!(name, render(&report, Some("../../../../")));
        }
    }

    #[test]
    fn foreign_text_is_never_markup() {
        let text = render(&samples::hostile(), None);
        assert!(text.contains("\\[x\\](javascript"));
        let bare: String = text.split('`').step_by(2).collect();
        assert!(!bare.contains("<script>"), "{bare}");
        assert!(
            !text
                .lines()
                .any(|line| line.starts_with("READY") || line.starts_with("::"))
        );
    }

    #[test]
    fn code_spans_survive() {
        assert_eq!(prose("`a_b` is *not* `c`"), "`a_b` is \\*not\\* `c`");
        assert_eq!(prose("one ` alone_"), "one \\` alone\\_");
        assert_eq!(code("a`b"), "`` a`b ``");
    }
}
