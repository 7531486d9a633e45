//! The doctests of a workspace, after a runner that leaves them out.

use std::fs::File;
use std::io;
use std::path::Path;

use gate_base::error::{Error, Result};
use gate_evidence::EvidenceResult;

use super::super::{SuiteContext, SuiteRun};

/// The default suite and the doctests that its runner leaves out, which ran after it: one result.
pub(super) fn join(first: SuiteRun, second: SuiteRun, cx: &SuiteContext<'_>) -> Result<SuiteRun> {
    let EvidenceResult::Findings(mut findings) = first.result else {
        return Ok(first);
    };
    append(&second.log, &cx.log)?;
    cx.shared.took(&cx.log, cx.shared.taken_from(&second.log));
    let mut result = second.result;
    if let EvidenceResult::Findings(of_doctests) = &mut result {
        findings.append(of_doctests);
        *of_doctests = findings;
    }
    let suite = match (first.suite, second.suite) {
        (Some(mut all), Some(doctests)) => {
            all.passed += doctests.passed;
            all.failed += doctests.failed;
            all.skipped += doctests.skipped;
            all.duration_ms += doctests.duration_ms;
            all.timed_out |= doctests.timed_out;
            all.tests.extend(doctests.tests);
            if all.exit_code == Some(0) {
                (all.exit_code, all.signal) = (doctests.exit_code, doctests.signal);
            }
            Some(all)
        }
        (first, second) => first.or(second),
    };
    Ok(SuiteRun {
        result,
        suite,
        log: cx.log.clone(),
        reads: first.reads,
    })
}

/// Moves the contents of a log to the end of another.
fn append(from: &Path, to: &Path) -> Result<()> {
    let mut source = match File::open(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened.map_err(|error| Error::io("read", from, &error))?,
    };
    let mut target = File::options()
        .append(true)
        .create(true)
        .open(to)
        .map_err(|error| Error::io("write", to, &error))?;
    io::copy(&mut source, &mut target).map_err(|error| Error::io("write", to, &error))?;
    drop(source);
    std::fs::remove_file(from).map_err(|error| Error::io("remove", from, &error))
}
