//! What the checks of documents share.

use crate::policy::DocsPolicy;
use crate::report::Finding;
use crate::stage::Stage;

/// A glob of `[docs]` that matches no document: what it was meant for is not judged.
pub(super) fn nothing_matches(key: &str, pattern: &str, docs: &DocsPolicy, stage: Stage) -> Finding {
    Finding::blocking(stage, format!("no tracked Markdown file matches `{pattern}`"))
        .because(Some(docs.location.clone()))
        .at(docs.location.clone())
        .help(format!("correct or remove it in `{key}` of `[docs]`"))
}
