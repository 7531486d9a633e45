//! `suite.slo`: promises about a service, held over a rolling window of measurements.

mod judge;
pub(super) mod measure;
mod windows;

use std::fs;
use std::io::{self, Write as _};

use jiff::Timestamp;

use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};
use gate_evidence::EvidenceResult;
use gate_policy::{SloPolicy, SuitePolicy};
use gate_report::{Reason, SuiteResult};

use super::build::BuildReads;
use super::log::SuiteLog;
use super::{Launched, SuiteContext, SuiteRun, finding, launch, suite_result};
use judge::judge;
use measure::Measured;
use windows::{Window, Windows};

/// Markdown documentation of the kind.
pub const DOCS: &str = include_str!("slo.md");

/// Runs the suite.
pub(super) fn run(suite: &SuitePolicy, cx: &SuiteContext<'_>) -> Result<SuiteRun> {
    let run = |result, suite| SuiteRun {
        result,
        suite,
        log: cx.log.clone(),
        reads: BuildReads::default(),
    };
    let Some(policy) = suite.slo.as_deref() else {
        let reason = Reason::new("suite_missing", "the suite declares no objectives");
        return Ok(run(EvidenceResult::NotRun(reason), None));
    };
    let (text, result) = match measurements(suite, policy, cx)? {
        Ok(measured) => measured,
        Err((verdict, result)) => return Ok(run(verdict, result)),
    };
    let now = Timestamp::now();
    let path = cx
        .workspace
        .gate_dir()
        .join("slo")
        .join(format!("{}.jsonl", suite.name));
    let mut windows = match Windows::load(&path, now)? {
        Ok(windows) => windows,
        Err(damage) => {
            let shown = format!("target/gate/slo/{}.jsonl", suite.name);
            let reason = Reason::new("damaged_windows", format!("the recorded windows in `{shown}` {damage}"))
                .help("remove the file and its `.head` file, and run the suite again to start over");
            return Ok(run(EvidenceResult::Inconclusive(reason), result));
        }
    };
    let measured = Measured::parse(&text);
    let digest = sha256_hex(text.as_bytes());
    let known = policy.file.is_some() && windows.has(&digest);
    if measured.problems.is_empty() && !known {
        windows.append(Window::of(policy, &measured, now, digest))?;
    }
    let judgement = judge(suite, policy, &measured, &windows.entries, now);
    write_log(cx, &judgement.log).map_err(|error| Error::io("write", &cx.log, &error))?;
    let verdict = if judgement.undecided.is_empty() || judgement.findings.iter().any(|found| found.blocks_at.is_some())
    {
        let mut findings = judgement.findings;
        findings.extend(judgement.undecided.into_iter().map(|message| finding(suite, message)));
        EvidenceResult::Findings(findings)
    } else if suite.required {
        let reason = Reason::new("too_few_windows", judgement.undecided.join("; "));
        EvidenceResult::Inconclusive(reason.help("each run of the stage records one window"))
    } else {
        let advice = judgement.undecided.into_iter().map(|message| finding(suite, message));
        EvidenceResult::Findings(judgement.findings.into_iter().chain(advice).collect())
    };
    Ok(run(verdict, result))
}

type Measurements = std::result::Result<(String, Option<SuiteResult>), (EvidenceResult, Option<SuiteResult>)>;

fn write_log(cx: &SuiteContext<'_>, text: &str) -> io::Result<()> {
    let mut log = SuiteLog::create(&cx.log, cx.workspace).map_err(io::Error::other)?;
    log.write_all(text.as_bytes())?;
    cx.shared.took(&cx.log, log.finish()?);
    Ok(())
}

/// The lines of this window, or why there are none.
fn measurements(suite: &SuitePolicy, policy: &SloPolicy, cx: &SuiteContext<'_>) -> Result<Measurements> {
    if let Some(parent) = cx.log.parent() {
        fs::create_dir_all(parent).map_err(|error| Error::io("create", parent, &error))?;
    }
    if let Some(file) = &policy.file {
        return Ok(match fs::read_to_string(cx.workspace.root().join(file)) {
            Ok(text) => Ok((text, None)),
            Err(error) => {
                let reason = Reason::new("no_measurements", format!("cannot read `{file}`: {error}"));
                let reason = reason.help("write it in the job that measures the service");
                Err((EvidenceResult::NotRun(reason), None))
            }
        });
    }
    let mut text = String::new();
    let end = match launch(suite, cx, &suite.command, true, &mut |line| {
        text.push_str(line);
        text.push('\n');
    })? {
        Launched::NotStarted(reason) => return Ok(Err((EvidenceResult::NotRun(reason), None))),
        Launched::Ended(end) => end,
    };
    let result = suite_result(&suite.command, &end);
    if end.exit_code != Some(0) || end.timed_out {
        let what = if end.timed_out {
            format!("timed out after {} s (timed_out)", suite.timeout.as_secs())
        } else {
            end.exit_code.map_or_else(
                || "was killed by a signal".to_owned(),
                |code| format!("exited with code {code}"),
            )
        };
        let message = format!("`{}` {what}, so this run recorded no window", suite.command.join(" "));
        let found = finding(suite, message).help(format!("cargo gate suite {}", suite.name));
        return Ok(Err((EvidenceResult::Findings(vec![found]), Some(result))));
    }
    Ok(Ok((text, Some(result))))
}

#[cfg(test)]
mod tests;
