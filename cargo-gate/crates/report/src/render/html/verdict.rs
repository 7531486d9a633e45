//! What was decided, how far it goes, and what would change it.

use std::fmt::Write as _;

use super::super::text;
use super::markup::{Tone, action, code, id, mark, plain, prose, table};
use crate::claim::Standing;
use crate::rollout::Step;
use crate::{Decision, Outcome, Report};
use gate_base::stage::Stage;

/// The tone of a decision.
pub(super) fn tone(decision: Decision) -> Tone {
    match decision {
        Decision::Ready => Tone::Good,
        Decision::ReadyWithBoundedScope => Tone::Warn,
        Decision::NotReady => Tone::Bad,
    }
}

/// A decision as a mark.
pub(super) fn decision(decision: Decision) -> String {
    let words = match decision {
        Decision::Ready => "ready",
        Decision::ReadyWithBoundedScope => "ready, bounded",
        Decision::NotReady => "not ready",
    };
    mark(tone(decision), words)
}

/// The verdict in large letters, with what was judged, and the ladder of the stages.
pub(super) fn hero(report: &Report) -> String {
    let tone = tone(report.decision);
    let subject = &report.subject;
    let mut out = format!(
        "<div class=\"hero {}\">\n<p class=\"name\">{}</p>\n<h1 class=\"verdict\"><span class=\"sign\" aria-hidden=\"true\">{}</span> <span>{}</span></h1>\n<p>{}.</p>\n",
        tone.class(),
        plain(&subject.name),
        tone.sign(),
        plain(&report.verdict()),
        plain(&report.tally())
    );
    out.push_str("<ul class=\"facts\">\n");
    let mut fact = |what: &str| {
        let _ = writeln!(out, "<li>{what}</li>");
    };
    match subject.commit.as_deref() {
        Some(commit) => {
            let dirty = if subject.dirty == Some(true) {
                ", with uncommitted changes"
            } else {
                ""
            };
            let branch = subject.branch.as_deref().map(|branch| format!(" on {}", code(branch)));
            let short: String = commit.chars().take(12).collect();
            fact(&format!("commit {}{}{dirty}", code(&short), branch.unwrap_or_default()));
        }
        None => fact("not under version control"),
    }
    fact(&format!(
        "started <time>{}</time>",
        plain(&text::timestamp(&report.started))
    ));
    fact(&plain(&text::count(subject.packages, "package")));
    if let Some(scope) = &report.scope {
        fact(&format!("scope: {}", prose(scope)));
    }
    if report.strict {
        fact("strict: warnings block, except those about a later stage");
    }
    out.push_str("</ul>\n</div>\n");
    out.push_str(&ladder(report));
    out
}

/// One step for each stage: the one that was judged, and what the same findings mean for the others.
fn ladder(report: &Report) -> String {
    let mut out =
        "<h2 class=\"label\" id=\"ladder\">Stages</h2>\n<ol class=\"ladder\" aria-labelledby=\"ladder\">\n".to_owned();
    for stage in Stage::ALL {
        let now = stage == report.stage;
        let blocking = report
            .checks
            .iter()
            .filter(|check| {
                let outcome = if now { check.outcome } else { check.outcome_at(stage) };
                !outcome.passes()
            })
            .count() as u64;
        let (state, words) = if now {
            let words = match blocking {
                0 => "judged in this run".to_owned(),
                1 => "judged in this run: 1 check blocks".to_owned(),
                _ => format!("judged in this run: {blocking} checks block"),
            };
            (decision(report.decision), words)
        } else {
            let words = match blocking {
                0 => "no check of this run blocks it".to_owned(),
                1 => "1 check of this run would block it".to_owned(),
                _ => format!("{blocking} checks of this run would block it"),
            };
            (mark(Tone::Idle, "not judged"), words)
        };
        let steps: Vec<&str> = Step::ALL
            .into_iter()
            .filter(|step| step.stage() == stage)
            .map(Step::name)
            .collect();
        let current = if now { " aria-current=\"step\"" } else { "" };
        let class = if now { "step now" } else { "step" };
        let _ = writeln!(
            out,
            "<li class=\"{class}\"{current}><h3>{stage} {state}</h3><p>{words}</p><p class=\"sub\">permits: {}</p></li>",
            steps.join(", ")
        );
    }
    out.push_str("</ol>\n");
    out
}

/// What would unblock the stage, each action with the checks that it would satisfy.
pub(super) fn unblock(report: &Report) -> String {
    let actions = report.unblock_actions();
    if actions.is_empty() {
        return String::new();
    }
    let mut out = "<ol class=\"todo\">\n".to_owned();
    for (what, checks) in actions {
        let checks: Vec<String> = checks.into_iter().map(|check| link(report, check)).collect();
        let _ = writeln!(
            out,
            "<li>{} <span class=\"for\">for {}</span></li>",
            action(what),
            checks.join(", ")
        );
    }
    out.push_str("</ol>\n");
    out
}

/// The id of a check, as a link where the page has something about it.
pub(super) fn link(report: &Report, check: &str) -> String {
    let shown = report
        .checks
        .iter()
        .any(|known| known.id == check && (!known.findings.is_empty() || known.reason.is_some()));
    if shown {
        format!("<a href=\"#{}\">{}</a>", id("check", check), code(check))
    } else {
        code(check)
    }
}

/// What is claimed of each group, what is not, and where the policy is weaker than the stage.
pub(super) fn claims(report: &Report) -> String {
    let mut out = String::new();
    if !report.claims.is_empty() {
        if !report.decision.is_ready() {
            out.push_str(
                "<p>The stage may not be entered, so nothing is claimed. This is what the evidence covers.</p>\n",
            );
        } else if let Some(claim) = report.claim() {
            // The sentence continues others elsewhere.
            let claim = claim.replacen("claimed", "Claimed", 1);
            let _ = writeln!(out, "<p>{}.</p>", prose(&claim));
        }
        let rows: Vec<String> = report
            .claims
            .iter()
            .map(|claim| {
                let (tone, words) = match claim.standing {
                    Standing::Claimed => (Tone::Good, "evidence judged"),
                    Standing::Unjudged => (Tone::Bad, "no judgement"),
                    Standing::Excluded => (Tone::Calm, "excluded"),
                    Standing::Missing => (Tone::Warn, "nothing declared"),
                    Standing::NotAsked => (Tone::Idle, "not required"),
                };
                let risk = claim.risk.as_deref().map(|risk| format!(" risk {}", plain(risk)));
                let evidence: Vec<String> = claim.evidence.iter().map(|check| link(report, check)).collect();
                let evidence = match evidence.len() {
                    0 => "<span class=\"none\">none</span>".to_owned(),
                    1..=4 => evidence.join(", "),
                    more => format!("{} and {} more", evidence[..3].join(", "), more - 3),
                };
                let packages: Vec<String> = claim.asked.iter().map(|package| plain(package)).collect();
                let packages = if packages.is_empty() { "—".to_owned() } else { packages.join(", ") };
                format!(
                    "<th scope=\"row\">{}</th><td class=\"keep\">{}{}</td><td class=\"wide\">{evidence}</td><td>{packages}</td>",
                    claim.group,
                    mark(tone, words),
                    risk.unwrap_or_default()
                )
            })
            .collect();
        out.push_str(&table(
            "Claim by group",
            &["Group", "Standing", "Evidence", "Required by packages"],
            &rows,
        ));
    }
    if !report.bounds.is_empty() {
        out.push_str("<h3 class=\"part\">Not part of the claim</h3>\n");
        let rows: Vec<String> = report
            .bounds
            .iter()
            .map(|bound| {
                format!(
                    "<th scope=\"row\">{}</th><td>{}</td><td class=\"wide\">{}</td>",
                    prose(&bound.surface),
                    plain(&bound.risk),
                    prose(&bound.reason)
                )
            })
            .collect();
        out.push_str(&table("Not part of the claim", &["Surface", "Risk", "Reason"], &rows));
    }
    if !report.relaxed.is_empty() {
        out.push_str("<h3 class=\"part\">Weaker than the defaults of the stage</h3>\n<ul class=\"plain\">\n");
        for relaxed in &report.relaxed {
            let _ = writeln!(out, "<li>{}: {}</li>", prose(&relaxed.rule), prose(&relaxed.reason));
        }
        out.push_str("</ul>\n");
    }
    out
}

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
        out.push_str(&super::markup::folded(&summary, &table("Checks", &head, &rows)));
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
        out.push_str(&super::markup::folded(
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
