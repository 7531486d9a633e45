//! Suites: bodies of evidence that a process produces. One file per kind; the engine decides whether one runs.

mod artifacts;
pub mod bench;
mod build;
mod built;
mod catalogue;
mod compiler;
pub mod configuration;
mod counter;
mod default;
pub mod drill;
mod early;
mod environment;
pub mod equivalence;
mod filter;
pub mod import;
pub mod interference;
mod launch;
mod left_out;
pub mod libtest;
mod log;
mod lost;
pub mod nextest;
mod outcome;
pub mod output;
pub mod panics;
mod partition;
mod paths;
pub mod reach;
pub mod ready;
pub mod redaction;
mod reference;
mod requires;
mod shared;
pub mod slo;
mod suite;
mod test;
pub mod tool;
mod workspace_copy;

use globset::GlobMatcher;

use gate_base::error::{Error, Result};
use gate_evidence::EvidenceResult;
use gate_policy::{SuiteKind, SuitePolicy};

pub use bench::DOCS as BENCH_DOCS;
pub use build::{BuildReads, still_holds};
pub use catalogue::{DEFAULT_ID, KINDS, KindInfo, VERSION, group, of_policy, summary};
pub use default::default_suite;
pub use drill::DOCS as DRILL_DOCS;
pub use environment::environment_inputs;
pub use equivalence::DOCS as EQUIVALENCE_DOCS;
pub use filter::InputFilter;
pub use import::DOCS as IMPORT_DOCS;
use launch::{Launch, Launched, launch, launch_logged, launch_with, tool_missing};
pub use outcome::Tests;
pub use partition::deal;
pub use ready::DOCS as READY_DOCS;
pub use requires::unmet;
pub use shared::Shared;
pub use slo::DOCS as SLO_DOCS;
pub use suite::{SuiteContext, SuiteRun, check_id, is_failure};
use suite::{finding, suite_result};
pub use test::DOCS as TEST_DOCS;
pub use tool::DOCS as TOOL_DOCS;

/// Runs a suite.
///
/// # Errors
/// Interrupted by the user; the log cannot be written; a process cannot be waited for.
pub fn run(suite: &SuitePolicy, cx: &SuiteContext<'_>) -> Result<SuiteRun> {
    if let Some(reason) = artifacts::clear(suite, cx)? {
        return Ok(SuiteRun {
            result: EvidenceResult::NotRun(reason),
            suite: None,
            log: cx.log.clone(),
            reads: BuildReads::default(),
        });
    }
    let began = build::now();
    let mut run = match suite.kind {
        SuiteKind::Bench => bench::run(suite, cx),
        SuiteKind::Drill => drill::run(suite, cx),
        SuiteKind::Equivalence => equivalence::run(suite, cx),
        SuiteKind::Import => import::run(suite, cx),
        SuiteKind::Ready => ready::run(suite, cx),
        SuiteKind::Slo => slo::run(suite, cx),
        SuiteKind::Test => test::run(suite, cx),
        SuiteKind::Tool => tool::run(suite, cx),
    }?;
    artifacts::record(suite, cx, &mut run)?;
    if let Some(suite) = run.suite.as_mut().filter(|suite| suite.tool_version.is_none()) {
        suite.tool_version = cx.shared.compiler_of(&suite.command);
    }
    let builds = cx.shared.builds();
    for build in &builds {
        run.reads.extend(build.reads(cx.workspace, suite, began));
    }
    built::judge(suite, &builds, &mut run)?;
    Ok(paths::hide(run, cx, suite.location.as_ref()))
}

/// The suites whose name or check id matches a glob, in the order of the policy.
///
/// # Errors
/// The glob is malformed, or matches no suite (usage).
pub fn select<'a>(suites: &'a [SuitePolicy], pattern: &str) -> Result<Vec<&'a SuitePolicy>> {
    let glob: GlobMatcher = globset::Glob::new(pattern)
        .map_err(|error| malformed(&error))?
        .compile_matcher();
    let selected: Vec<_> = suites
        .iter()
        .filter(|suite| glob.is_match(&suite.name) || glob.is_match(check_id(suite)))
        .collect();
    if selected.is_empty() {
        let names: Vec<_> = suites.iter().map(|suite| suite.name.as_str()).collect();
        return Err(Error::usage(format!("no suite matches `{pattern}`"))
            .with_help(format!("choose one of the declared suites: {}", names.join(", "))));
    }
    Ok(selected)
}

fn malformed(error: &globset::Error) -> Error {
    Error::usage(format!("malformed glob: {error}"))
}

#[cfg(test)]
mod tests;
