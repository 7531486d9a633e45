//! One page over the runs of a workspace, with links to their reports.

use super::context::PastRun;
use super::markup::{Section, Tone, plain, table};
use super::past::{HEAD, OLDEST_FIRST, row, strip};
use super::verdict::{decision, tone};
use super::{super::text, page};
use crate::Decision;
use gate_base::stage::Stage;
use std::fmt::Write as _;

/// The runs, oldest first, of the workspace with this name.
pub fn render(name: &str, runs: &[PastRun]) -> String {
    let newest = runs.last();
    let (class, sign) = match newest {
        Some(run) => (tone(run.decision).class(), tone(run.decision).sign()),
        None => (Tone::Idle.class(), Tone::Idle.sign()),
    };
    let mut top = format!(
        "<div class=\"hero {class}\">\n<p class=\"name\">{}</p>\n<h1 class=\"verdict\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span> <span>{}</span></h1>\n",
        plain(name),
        plain(&text::count(runs.len() as u64, "run"))
    );
    let _ = match newest {
        Some(run) => writeln!(
            top,
            "<p>The newest judged {} on {}: {}</p>",
            run.stage,
            plain(&text::timestamp(&run.started)),
            decision(run.decision)
        ),
        None => writeln!(top, "<p>No run is recorded.</p>"),
    };
    top.push_str("</div>\n");
    let mut stages = String::new();
    for stage in Stage::ALL {
        let decisions: Vec<Decision> = runs
            .iter()
            .filter(|run| run.stage == stage)
            .map(|run| run.decision)
            .collect();
        if let Some(last) = decisions.last() {
            let _ = writeln!(stages, "<h3 class=\"part\">{stage} {}</h3>", decision(*last));
            stages.push_str(&strip(&decisions));
        }
    }
    if !stages.is_empty() {
        stages.push_str(OLDEST_FIRST);
    }
    let rows: Vec<String> = runs.iter().rev().map(row).collect();
    let listed = if rows.is_empty() {
        String::new()
    } else {
        table("Runs, newest first", &HEAD, &rows)
    };
    let sections = [
        Section::new("stages", "Stages", stages),
        Section::new("runs", "Runs, newest first", listed),
    ];
    let foot = "A run without a link has no page: it is gone, or an earlier version wrote it.";
    page::document(&format!("Runs of {name}"), &top, &sections, foot)
}
