//! What the commands about documents share: outcomes without running suites, and careful writing.

use jiff::Timestamp;

use crate::cli::Conversation;
use crate::cli::open::Opened;
use gate_base::error::{Error, Result};
use gate_base::stage::Stage;
use gate_engine::evaluate::Request;
use gate_engine::plan::SuiteMode;
use gate_evidence::event::Tee;
use gate_policy::{DocsPolicy, Existing, write_atomically};
use gate_report::CheckReport;
use gate_surveys::Surveys;
use gate_surveys::document::Document;

/// Every check as it would be judged at the last stage: built-in checks are carried out, suites speak only through fresh
/// evidence.
pub(super) fn outcomes(opened: &Opened, conversation: &Conversation<'_>) -> Result<Vec<CheckReport>> {
    let request = Request {
        stage: STAGE,
        strict: false,
        keep_going: true,
        jobs: 1,
        packages: Vec::new(),
        since: None,
        fresh: false,
        suites: SuiteMode::None,
        now: Timestamp::now(),
        began: conversation.began,
        run_id: String::new(),
    };
    let evaluation = opened
        .surroundings()
        .evaluate(&request, &Tee(&[]), conversation.cancel)?;
    Ok(evaluation.report.checks.clone())
}

/// The stage at which documents are judged: the last one has every check and every suite.
pub(super) const STAGE: Stage = Stage::Broad;

/// The documents that a key of `[docs]` lists.
///
/// # Errors
/// The policy lists none (usage).
pub(super) fn listed(opened: &Opened, key: &str, globs: impl Fn(&DocsPolicy) -> &[String]) -> Result<Vec<Document>> {
    let globs = opened.policy.docs.as_ref().map(globs).unwrap_or_default();
    if globs.is_empty() {
        return Err(
            Error::usage(format!("`[docs] {key}` in gate.toml lists no document")).with_help(format!(
                "write `[docs]` with `{key} = [\"…\"]`, globs over tracked Markdown files"
            )),
        );
    }
    let cannot_read =
        |path: String| Error::tool(format!("cannot read `{path}`")).with_help(format!("make `{path}` readable"));
    let documents = opened.workspace.documents_matching(globs).map_err(cannot_read)?;
    if documents.is_empty() {
        return Err(
            Error::usage(format!("no tracked Markdown file matches `{}`", globs.join("`, `"))).with_help(format!(
                "correct `{key}` of `[docs]` in gate.toml, or `git add` the file"
            )),
        );
    }
    Ok(documents)
}

/// Replaces the text of a document that has not changed since it was read.
///
/// # Errors
/// The file has changed meanwhile, is no UTF-8, or cannot be written.
pub(super) fn replace(workspace: &Surveys, document: &Document, text: &str) -> Result<()> {
    let path = &document.path;
    if !document.exact {
        return Err(Error::usage(format!("`{path}` is not UTF-8")).with_help("save it as UTF-8"));
    }
    let now = workspace.read(path).map_err(|error| Error::io("read", path, &error))?;
    if now != document.text.as_bytes() {
        return Err(Error::tool(format!("`{path}` changed during the check")).with_help("run the command again"));
    }
    let native = workspace
        .files()
        .get(path)
        .map_or_else(|| path.into(), |file| file.native.clone());
    write_atomically(&workspace.root().join(native), text, Existing::Replace)
}
