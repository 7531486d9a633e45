//! What a build says about the evidence that came of it: test binaries from a directory that the gate did not look at, another
//! checkout that built at the same time, and sources that no commit holds.

use gate_base::error::Result;
use gate_base::stage::Stage;
use gate_evidence::EvidenceResult;
use gate_policy::{SuiteKind, SuitePolicy};
use gate_report::{Finding, Reason};
use gate_world::Workspace;
use gate_world::cargo::Target;
use memchr::memmem;

use super::build::Build;
use super::libtest::binary_name;
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

/// Says which targets of the workspace `cargo test` would run and did not, by the names of the binaries that it ran: those of
/// members that `default-members` leaves out, and those that need a feature. What a declared command selects is its owner's choice,
/// so this is for the default suite.
pub(super) fn targets_left_out(suite: &SuitePolicy, programs: &[String], cx: &SuiteContext<'_>) -> Option<Finding> {
    // Without them, cargo was quiet.
    if suite.location.is_some() || programs.is_empty() {
        return None;
    }
    let mut ran: Vec<_> = programs.iter().map(|program| binary_name(program)).collect();
    let targets = cx.workspace.cargo().members.iter().flat_map(|member| &member.targets);
    let mut left_out = targets.filter(|target| target.test).filter(|target| {
        let name = target.name.replace('-', "_");
        let at = ran.iter().position(|program| program.replace('-', "_") == name);
        at.map(|at| ran.swap_remove(at)).is_none() && may_hold_tests(target, cx.workspace)
    });
    let first = left_out.next()?.source.replace('`', "'");
    let message = match left_out.count() {
        0 => format!("the tests of `{first}` were not run"),
        1 => format!("the tests of `{first}` and of 1 more target were not run"),
        more => format!("the tests of `{first}` and of {more} more targets were not run"),
    };
    Some(Finding::advice(message).help(
        "`default-members` or `required-features` in Cargo.toml leave it out: declare a `[[suite.test]]` in gate.toml with the \
         members and features that count",
    ))
}

/// A program has tests only if its source says so.
fn may_hold_tests(target: &Target, workspace: &Workspace) -> bool {
    let is_program = target.kind.iter().any(|kind| kind == "bin");
    !is_program
        || std::fs::read(workspace.root().join(&target.source)).is_ok_and(|text| memmem::find(&text, b"test").is_some())
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
