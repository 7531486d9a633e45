//! `cargo gate evidence index`: one page over the runs of a workspace.

use crate::cli::{Conversation, other_runs};
use gate_base::error::Result;
use gate_base::{atomic, exit};
use gate_evidence::history::History;
use gate_evidence::terms;
use gate_report::render::html::{PastRun, index};
use gate_text::secrets::Masked;

/// Its name in the gate directory, next to the runs it links to.
const FILE: &str = "index.html";

pub(super) fn run(conversation: &Conversation<'_>) -> Result<i32> {
    let workspace = conversation.workspace()?;
    let gate_dir = workspace.gate_dir();
    let history = History::load(&gate_dir);
    let name = terms::workspace(&workspace);
    let runs: Vec<PastRun> = other_runs::own(&history, &name)
        .map(|entry| {
            let page = other_runs::page(&history, &entry.run_id).map(|page| format!("runs/{page}"));
            other_runs::past(entry, page)
        })
        .collect();
    let path = gate_dir.join(FILE);
    atomic::write(&path, Masked::from(index::render(&name, &runs)).as_bytes())?;
    conversation.printer.status("Wrote", &path.display().to_string());
    let Some(damage) = &history.damage else {
        return Ok(exit::READY);
    };
    conversation.printer.warning(
        &format!("the history is damaged: {damage}"),
        Some("`cargo gate verify` shows what is wrong"),
    );
    Ok(exit::NOT_READY)
}
