//! What a build says about the evidence that came of it: test binaries from a directory that the gate did not look at, another
//! checkout that built at the same time, and sources that no commit holds.

use gate_base::error::Result;
use gate_base::stage::Stage;
use gate_evidence::EvidenceResult;
use gate_policy::{SuiteKind, SuitePolicy};
use gate_report::{Finding, Reason};

use super::build::Build;
use super::suite::{SuiteContext, SuiteRun, finding, is_failure};

/// Why tests whose binaries are at these paths are no evidence: where cargo built one of them is not known, so neither is
/// whether it did so from the sources that are there now.
pub(super) fn unknown_directory(programs: &[String], cx: &SuiteContext<'_>) -> Option<Reason> {
    let builds = cx.shared.builds();
    let program = programs
        .iter()
        .find(|program| !builds.iter().any(|build| build.holds(program)))?;
    let message = format!(
        "cargo ran `{}` from a build directory that the command does not name, so it may be built from older sources",
        program.replace('`', "'")
    );
    Some(Reason::new("build_unknown", message).help(
        "pass `--target-dir` in `command` of the suite in gate.toml, or set its `directory` to where the command starts cargo",
    ))
}

/// Draws the conclusions for the result of a suite.
///
/// # Errors
/// What was built cannot be recorded.
pub(super) fn judge(suite: &SuitePolicy, builds: &[Build], run: &mut SuiteRun) -> Result<()> {
    let mut shared = None;
    for build in builds {
        shared = shared.or(build.keep(builds)?);
    }
    let EvidenceResult::Findings(findings) = &mut run.result else {
        return Ok(());
    };
    if let Some(directory) = shared.filter(|_| !is_failure(suite, findings)) {
        let message = format!(
            "another checkout built in `{}` while the suite ran",
            directory.display()
        );
        let help = "use a target directory for each checkout";
        run.result = EvidenceResult::Inconclusive(Reason::new("changed_while_running", message).help(help));
        return Ok(());
    }
    let builds = matches!(
        suite.kind,
        SuiteKind::Test | SuiteKind::Bench | SuiteKind::Drill | SuiteKind::Equivalence
    );
    if builds || suite.tool.as_deref() == Some("clippy") {
        findings.extend(uncommitted(suite, run.reads.uncommitted.iter().map(String::as_str)));
        findings.extend(outside(suite, run.reads.outside.iter().map(String::as_str)));
    }
    Ok(())
}

/// Says which files that the build read are in no commit. At pilot the work is still under way.
fn uncommitted<'a>(suite: &SuitePolicy, mut paths: impl ExactSizeIterator<Item = &'a str>) -> Option<Finding> {
    let first = paths.next()?;
    let message = match paths.len() {
        0 => format!("the build read `{first}`, which git ignores, so it is not part of the commit"),
        1 => format!("the build read `{first}` and 1 more file that git ignores, so they are not part of the commit"),
        more => format!(
            "the build read `{first}` and {more} more files that git ignores, so they are not part of the commit"
        ),
    };
    let mut found = finding(suite, message).help(format!(
        "`git add --force {first}`, or let a build script write what it generates to `OUT_DIR`"
    ));
    found.blocks_at = found.blocks_at.map(|stage| stage.max(Stage::Controlled));
    Some(found)
}

/// Says which files outside the repository the compiler read. Links out of it are reported by `git.clean`, too.
fn outside<'a>(suite: &SuitePolicy, mut paths: impl ExactSizeIterator<Item = &'a str>) -> Option<Finding> {
    let first = paths.next()?.replace('`', "'");
    let message = match paths.len() {
        0 => format!("the build read `{first}`, outside the repository, so it is not part of the commit"),
        1 => format!(
            "the build read `{first}` and 1 more file outside the repository, so they are not part of the commit"
        ),
        more => {
            format!(
                "the build read `{first}` and {more} more files outside the repository, so they are not part of the commit"
            )
        }
    };
    let mut found = finding(suite, message).help("move what `#[path]` and `include!` name into the repository");
    found.blocks_at = found.blocks_at.map(|stage| stage.max(Stage::Controlled));
    Some(found)
}
