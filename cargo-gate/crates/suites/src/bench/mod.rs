//! `suite.bench`: a command that measures, judged beside a reference that is measured in the same run, in pairs of processes.

mod calibrate;
mod criterion;
mod divan;
mod gungraun;
mod hyperfine;
mod json;
mod judge;
mod plan;
mod process;
pub(super) mod read;
mod session;
mod shown;
mod table;
mod unit;
mod verdict;

use std::path::Path;

use gate_base::error::Result;
use gate_evidence::EvidenceResult;
use gate_policy::{BenchReference, SuitePolicy};
use gate_report::Reason;

use super::build::BuildReads;
use super::{SuiteContext, SuiteRun, workspace_copy};
pub use calibrate::proposal;
use read::Readings;
use session::{Session, Side};
pub use shown::line;

/// Markdown documentation of the kind.
pub const DOCS: &str = include_str!("bench.md");

/// Runs the suite.
pub(super) fn run(suite: &SuitePolicy, cx: &SuiteContext<'_>) -> Result<SuiteRun> {
    let without = |result| SuiteRun {
        result,
        suite: None,
        log: cx.log.clone(),
        reads: BuildReads::default(),
    };
    let Some(policy) = suite.bench.as_deref() else {
        let reason = Reason::new("suite_missing", "the suite declares no limits");
        return Ok(without(EvidenceResult::NotRun(reason)));
    };
    if let Some(reason) = process::unmeasurable(policy) {
        return Ok(without(EvidenceResult::NotRun(reason)));
    }
    let mut sides = vec![Side::new("measured", &suite.command, None)];
    match &policy.reference {
        BenchReference::None => {}
        BenchReference::Command(command) => sides.push(Side::new("reference", command, None)),
        BenchReference::Commit(commit) => match crate::reference::tree(cx.workspace, &suite.name, commit)? {
            Ok(tree) => sides.push(Side::new("reference", &suite.command, Some(tree))),
            Err(reason) => return Ok(without(EvidenceResult::NotRun(reason))),
        },
    }
    let target = match workspace_copy::target(cx.workspace)? {
        Ok(target) => target,
        Err(reason) => return Ok(without(EvidenceResult::NotRun(reason))),
    };
    let session = Session::new(suite, policy, cx, target)?;
    session.judged(&mut sides)
}

/// Reads what one round printed, and what criterion left in its directory, as a suite does: how many benchmarks were measured, or
/// why they cannot be believed. For tests of the parsers with any text.
///
/// # Errors
/// Each problem as a sentence.
pub fn read_output(output: &str, criterion_home: &Path) -> std::result::Result<usize, Vec<String>> {
    let mut readings = Readings::default();
    output.lines().for_each(|line| readings.line(line));
    let repeated = criterion::read(criterion_home, &mut readings);
    let readings = readings.finish(&repeated);
    if readings.problems.is_empty() {
        Ok(readings.benchmarks.len())
    } else {
        Err(readings.problems)
    }
}

#[cfg(test)]
mod tests;
