//! What the commands that migrate a history say to people.

use std::fmt::Write as _;

use serde::Serialize;

use gate_govern::migration::protocol::{Content, Direction, DryRun, Move, OpenMigration, Outcome};
use gate_report::render::text::count;

/// One migration, as `status` shows it.
#[derive(Debug, Serialize)]
pub(super) struct Standing<'a> {
    pub(super) name: &'a str,
    pub(super) from: u32,
    pub(super) to: u32,
    /// What is open about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) open: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dry_run: Option<DryRun>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cutover: Option<Move>,
}

/// How a move ended, in a few words.
pub(super) fn outcome(made: &Move) -> &'static str {
    if made.outcome.is_some() && made.resumed_at.is_none() {
        return "the system has not resumed";
    }
    match (made.outcome, made.direction) {
        (Some(Outcome::Completed), Direction::Forward) => "the history is migrated and verified",
        (Some(Outcome::Completed), Direction::Back) => "the history is rolled back and verified",
        (Some(Outcome::NotSwitched), _) => "the history is unchanged",
        (Some(Outcome::RolledBack), _) => "the history was switched, and is again what it was",
        (Some(Outcome::Unresolved), _) => "the history is neither what it was nor what was verified",
        (None, _) => "interrupted",
    }
}

/// Why a move is not what was wanted.
pub(super) fn not_done(made: &Move) -> String {
    let reasons: Vec<&str> = made.problems.iter().map(|problem| problem.reason.as_str()).collect();
    format!("{}: {}", outcome(made), reasons.join("; "))
}

pub(super) fn dry_run(run: &DryRun) -> String {
    let mut text = String::new();
    let mut line = |ok: bool, name: &str, detail: &str| {
        let _ = writeln!(text, "{} {name}: {detail}", if ok { "ok  " } else { "FAIL" });
    };
    for (name, verdict) in run.preflight.checks() {
        line(verdict.ok, name, &verdict.detail);
    }
    let judged = [
        ("migration", Some(&run.migration)),
        ("inverse", run.inverse.as_ref()),
        ("state", run.state.as_ref()),
        ("invariants", run.invariants.as_ref()),
    ];
    for (name, verdict) in judged {
        if let Some(verdict) = verdict {
            line(verdict.ok, name, &verdict.detail);
        }
    }
    let drift = [
        ("newly violated", &run.drift.newly_violated),
        ("resolved", &run.drift.resolved),
    ];
    for (what, violations) in drift {
        for violation in violations {
            let _ = writeln!(
                text,
                "     {what}: {} for {}: {}",
                violation.id, violation.subject, violation.detail
            );
        }
    }
    let _ = writeln!(
        text,
        "{}: {} of the history, {} migrated",
        run.migration_id,
        count(run.source_events, "event"),
        run.migrated_events
    );
    text
}

pub(super) fn made(made: &Move) -> String {
    let mut text = String::new();
    let times = [
        ("paused", &made.paused_at),
        ("verified", &made.verified_at),
        ("switched", &made.switched_at),
        ("resumed", &made.resumed_at),
    ];
    for (what, time) in times {
        let _ = writeln!(text, "{what:8} {}", time.as_deref().unwrap_or("no"));
    }
    for (what, content) in [("before", &made.before), ("after", &made.after)] {
        if let Some(Content { events, sha256 }) = content {
            let _ = writeln!(text, "{what:8} {}, sha256 {sha256}", count(*events, "event"));
        }
    }
    if let Some(kept) = &made.kept {
        let _ = writeln!(text, "kept     {kept}");
    }
    let _ = writeln!(text, "{}: {}", made.migration_id, outcome(made));
    text
}

pub(super) fn standings(migrations: &[Standing<'_>], undeclared: &[OpenMigration]) -> String {
    let mut text = String::new();
    for one in migrations {
        let state = match (&one.open, &one.cutover, &one.dry_run) {
            (Some(open), ..) => format!("OPEN: {open}"),
            (None, Some(made), _) => outcome(made).to_owned(),
            (None, None, Some(run)) if run.ok => format!("dry run passed at {}", run.generated_at),
            (None, None, Some(run)) => format!("dry run failed at {}", run.generated_at),
            (None, None, None) => "not begun".to_owned(),
        };
        let _ = writeln!(text, "{} {} to {}: {state}", one.name, one.from, one.to);
    }
    for one in undeclared {
        let _ = writeln!(text, "{} (not declared): OPEN: {}", one.name, one.state);
    }
    if text.is_empty() {
        text.push_str("no migration is declared\n");
    }
    text
}
