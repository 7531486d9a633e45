//! What the checks of documents share.

use gate_base::stage::Stage;
use gate_policy::DocsPolicy;
use gate_report::{Finding, Reason};

use gate_contract::Judgement;

/// Why nothing is judged: a document is there and cannot be read.
pub(crate) fn unreadable(path: &str) -> Judgement {
    Judgement::NotRun(
        Reason::new("unreadable", format!("`{path}` cannot be read"))
            .help(format!("make `{path}` readable for whoever runs the gate")),
    )
}

/// A glob of `[docs]` that matches no document: what it was meant for is not judged.
pub(crate) fn nothing_matches(key: &str, pattern: &str, docs: &DocsPolicy, stage: Stage) -> Finding {
    Finding::blocking(stage, format!("no tracked Markdown file matches `{pattern}`"))
        .because(Some(docs.location.clone()))
        .at(docs.location.clone())
        .help(format!("correct or remove it in `{key}` of `[docs]`"))
}
