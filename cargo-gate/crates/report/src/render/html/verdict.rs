//! What was decided, how far it goes, and what would change it.

use std::fmt::Write as _;

use super::super::text;
use super::markup::{Tone, action, code, id, mark, plain, prose, table};
use crate::claim::Standing;
use crate::rollout::Step;
use crate::{Decision, Report};
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
                    Standing::Later => (Tone::Idle, "declared for a later stage"),
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
