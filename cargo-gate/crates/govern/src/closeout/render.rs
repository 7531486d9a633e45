//! A closeout for people: plain text, and Markdown for release notes and tickets.

use std::fmt::Write as _;

use super::{Closeout, Line, Next};
use gate_report::render::text;

/// Plain text.
pub fn human(closeout: &Closeout) -> String {
    written(closeout, &|label, value| format!("{label:<14} {value}\n"), &|entry| {
        format!("  {entry}\n")
    })
}

/// Markdown.
pub fn markdown(closeout: &Closeout) -> String {
    let title = format!(
        "# Closeout of {} at {}\n\n",
        text::line(&closeout.workspace),
        closeout.stage
    );
    let body = written(
        closeout,
        &|label, value| format!("- **{label}**: {value}\n"),
        &|entry| format!("  - {entry}\n"),
    );
    title + &body
}

fn written(closeout: &Closeout, field: &dyn Fn(&str, &str) -> String, entry: &dyn Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut put = |label: &str, value: &str| out.push_str(&field(label, value));
    put("Date", &closeout.date);
    put("Workspace", &text::line(&closeout.workspace));
    put("Stage", closeout.stage.name());
    put("Commit", closeout.commit.as_deref().unwrap_or("none"));
    put("Run", &closeout.run_id);
    put("Gate status", closeout.decision.name());
    put("Checks", &format!("{}/{}", closeout.passed, closeout.checks));
    if let Some((met, total)) = closeout.checklist {
        put("Checklist", &format!("{met}/{total}"));
    }
    let mut list = |label: &str, none: &str, entries: Vec<String>| {
        out.push_str(&field(label, if entries.is_empty() { none } else { "" }));
        for text in entries {
            out.push_str(&entry(&text::line(&text)));
        }
    };
    list("Commands", "none", closeout.commands.iter().map(line).collect());
    list(
        "Documents",
        "no check is about documents",
        closeout.documents.iter().map(line).collect(),
    );
    let residual = closeout.residual.iter().map(|residual| {
        let owner = residual
            .owner
            .as_ref()
            .map(|owner| format!(", owner {owner}"))
            .unwrap_or_default();
        let until = residual
            .until
            .as_ref()
            .map(|until| format!(", until {until}"))
            .unwrap_or_default();
        format!("{} {}{owner}{until}", residual.kind, residual.what)
    });
    list("Residual risks", "none", residual.collect());
    let mut put = |label: &str, value: &str| out.push_str(&field(label, value));
    put("Decision", if closeout.ready { "YES" } else { "NO" });
    if let Some(Next { action, owner, target }) = &closeout.next {
        let or_missing = |text: Option<String>| text.unwrap_or_else(|| "missing".to_owned());
        put("Next action", &text::line(&or_missing(action.clone())));
        put("Owner", &text::line(&or_missing(owner.clone())));
        put("Target date", &or_missing(target.map(|day| day.to_string())));
    }
    out.lines().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{}", line.trim_end());
        text
    })
}

fn line(line: &Line) -> String {
    let command = line
        .command
        .as_ref()
        .map(|command| format!(" `{command}`"))
        .unwrap_or_default();
    let reason = line
        .reason
        .as_ref()
        .map(|reason| format!(" ({reason})"))
        .unwrap_or_default();
    format!("{}{command}: {}{reason}", line.check, line.result.name())
}
