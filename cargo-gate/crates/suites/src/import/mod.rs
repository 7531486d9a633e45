//! `suite.import`: results that other tools wrote, as far as they are of the content that is judged.

mod junit;
mod lcov;
mod provenance;
mod said;
mod sarif;
mod vex;

use gate_base::error::Result;
use gate_evidence::{EvidenceResult, attested};
use gate_policy::{ImportFormat, ImportPolicy, SuitePolicy};
use gate_report::{Finding, Reason, SuiteResult};

use super::build::BuildReads;
use super::suite::{NO_PROCESS, without_proof};
use super::{Launched, SuiteContext, SuiteRun, finding, launch, suite_result};
use provenance::Provenance;
pub use said::{Said, Unreadable};

/// Markdown documentation of the kind.
pub const DOCS: &str = include_str!("import.md");

/// Runs the suite.
pub(super) fn run(suite: &SuitePolicy, cx: &SuiteContext<'_>) -> Result<SuiteRun> {
    let run = |result, suite| SuiteRun {
        result,
        suite,
        log: cx.log.clone(),
        reads: BuildReads::default(),
    };
    let Some(policy) = suite.import.as_deref() else {
        let reason = Reason::new("suite_missing", "the suite declares no results");
        return Ok(run(EvidenceResult::NotRun(reason), None));
    };
    let mut result = match wrote(suite, cx)? {
        Ok(result) => result,
        Err(reason) => return Ok(run(EvidenceResult::NotRun(reason), None)),
    };
    let mut files = Vec::new();
    for path in &policy.files {
        match attested::read(&cx.workspace.root().join(path)) {
            Ok(bytes) => files.push((path.as_str(), bytes)),
            Err(why) if policy.statement.is_some() => {
                let reason = Reason::new("no_results", format!("`{path}` {why}"));
                let help = "bring the file from the job that writes it, together with its statement";
                return Ok(run(EvidenceResult::NotRun(reason.help(help)), None));
            }
            Err(why) => {
                let found = not_written(suite, &result, path, &why);
                return Ok(run(EvidenceResult::Findings(vec![found]), Some(result)));
            }
        }
    }
    if policy.statement.is_some() {
        match Provenance::of(policy, &files, cx) {
            Ok(provenance) => result.tool_version = Some(provenance.words()),
            Err(reason) => return Ok(run(without_proof(suite, reason), Some(result))),
        }
    }
    let mut all = Said::default();
    for (path, bytes) in &files {
        match read(suite, policy, bytes) {
            Ok(said) => {
                all.tests = all.tests.merged(said.tests);
                all.findings.extend(said.findings);
                all.failed |= said.failed;
            }
            Err(why) => {
                let reason = Reason::new("unreadable_results", format!("`{path}` {why}"));
                let reason = reason.help(format!("write the file again with `{}`, whole", producer(suite)));
                return Ok(run(without_proof(suite, reason), Some(result)));
            }
        }
    }
    if policy.format == ImportFormat::Junit {
        all.findings.extend(junit::judge(suite, &all.tests));
    }
    // A command that fails without a result that says so did not do all its work.
    let ended_well = suite.command.is_empty() || (result.exit_code == Some(0) && !result.timed_out);
    if !ended_well && (!all.failed || result.timed_out) {
        all.findings.push(command_failed(suite, &result));
    }
    result.passed = all.tests.passed;
    result.failed = all.tests.failed;
    result.skipped = all.tests.skipped;
    result.tests = all.tests.tests;
    Ok(run(EvidenceResult::Findings(all.findings), Some(result)))
}

/// Runs the command that writes the files, if there is one. The inner error says why it did not start.
fn wrote(suite: &SuitePolicy, cx: &SuiteContext<'_>) -> Result<std::result::Result<SuiteResult, Reason>> {
    if suite.command.is_empty() {
        return Ok(Ok(suite_result(&[], &NO_PROCESS)));
    }
    Ok(match launch(suite, cx, &suite.command, false, &mut |_| {})? {
        Launched::NotStarted(reason) => Err(reason),
        Launched::Ended(end) => Ok(suite_result(&suite.command, &end)),
    })
}

/// Reads one file.
///
/// # Errors
/// Why the file is no evidence: it is not of its format, or holds nothing that could fail.
pub fn read(suite: &SuitePolicy, policy: &ImportPolicy, bytes: &[u8]) -> std::result::Result<Said, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("is not UTF-8 at byte {}", error.valid_up_to()))?;
    let text = text.trim_start_matches('\u{feff}');
    match policy.format {
        ImportFormat::Junit => junit::read(suite, text),
        ImportFormat::Sarif => sarif::read(suite, policy.fail_at, text),
        ImportFormat::CyclonedxVex => vex::read(suite, text),
        ImportFormat::Lcov => lcov::read(suite, &policy.floors, text),
    }
}

/// The command ended without a file that it must write.
fn not_written(suite: &SuitePolicy, result: &SuiteResult, path: &str, why: &str) -> Finding {
    if result.exit_code == Some(0) && !result.timed_out {
        let message = format!("`{}` did not write `{path}`, which {why}", suite.command.join(" "));
        let help = "correct `files` of the suite in gate.toml, or let its command write the file there";
        return finding(suite, message).help(help);
    }
    command_failed(suite, result)
}

fn command_failed(suite: &SuitePolicy, result: &SuiteResult) -> Finding {
    let command = suite.command.join(" ");
    let message = match (result.exit_code, result.signal) {
        _ if result.timed_out => format!("`{command}` timed out after {} s (timed_out)", suite.timeout.as_secs()),
        (Some(code), _) => format!("`{command}` exited with code {code}, and no result says why"),
        (None, Some(signal)) => format!("`{command}` was killed by signal {signal}"),
        (None, None) => format!("`{command}` did not exit"),
    };
    finding(suite, message).help(format!("cargo gate suite {}", suite.name))
}

/// What writes the results, in words.
fn producer(suite: &SuitePolicy) -> String {
    match suite.command.as_slice() {
        [] => "the tool that made it".to_owned(),
        command => command.join(" "),
    }
}

#[cfg(test)]
mod tests;
