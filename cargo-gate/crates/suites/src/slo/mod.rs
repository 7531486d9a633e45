//! `suite.slo`: promises about a service, held over times before now.

pub mod assess;
pub mod cell;
pub mod counters;
mod fairness;
pub mod judge;
pub mod openslo;
pub mod promise;
pub mod read;
mod units;
mod windows;

use std::fs;
use std::io::{self, Write as _};

use jiff::Timestamp;

use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};
use gate_base::process::ProcessEnd;
use gate_evidence::EvidenceResult;
use gate_policy::{Objective, SloPolicy, SuitePolicy};
use gate_report::{Finding, Reason, ServiceLevel, SuiteResult};

use super::build::BuildReads;
use super::log::SuiteLog;
use super::{Launched, SuiteContext, SuiteRun, finding, launch, suite_result};
use assess::{Assessment, Source, assess};
use judge::{Verdict, percent, subject};
use promise::selection;
use windows::{Window, Windows};

/// How a file ended, of which nothing is run.
const NO_PROCESS: ProcessEnd = ProcessEnd {
    exit_code: None,
    signal: None,
    timed_out: false,
    cancelled: false,
    duration: std::time::Duration::ZERO,
};

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
    let objectives = match all_objectives(policy, cx)? {
        Ok(objectives) => objectives,
        Err(why) => {
            let help = "remove what does not map, or write `[[suite.slo.objective]]`";
            return Ok(run(undecided(suite, "vacuous", &why, help), None));
        }
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
    let digest = sha256_hex(text.as_bytes());
    // A file that did not change is the one that was read then.
    let read_at = policy
        .file
        .as_ref()
        .and_then(|_| windows.recorded_at(&digest))
        .unwrap_or(now);
    let name = match &policy.file {
        Some(file) => file.clone(),
        None => format!("`{}`", suite.command.join(" ")),
    };
    let source = Source {
        name: &name,
        text: &text,
        read_at,
    };
    let before = windows.before();
    let mut assessment = assess(policy, &objectives, source, &before, now);
    if assessment.record && (!assessment.recorded.is_empty() || assessment.totals != before.totals) {
        windows.append(Window {
            recorded: now.to_string(),
            digest,
            events: std::mem::take(&mut assessment.recorded),
            totals: std::mem::take(&mut assessment.totals),
            selection: selection(policy.format, &objectives),
        })?;
    }
    write_log(cx, &assessment.log).map_err(|error| Error::io("write", &cx.log, &error))?;
    let result = SuiteResult {
        service_levels: std::mem::take(&mut assessment.levels),
        ..result.unwrap_or_else(|| suite_result(&[], &NO_PROCESS))
    };
    Ok(run(evidence(suite, assessment), Some(result)))
}

/// What a verdict is as evidence: the last two never pass.
fn evidence(suite: &SuitePolicy, assessment: Assessment) -> EvidenceResult {
    match assessment.verdict {
        Verdict::Pass => EvidenceResult::Findings(Vec::new()),
        Verdict::Fail => {
            let findings = assessment.findings.into_iter().map(|(message, location)| {
                let help = "find what failed in that time, and hold releases until it recovers";
                finding(suite, message).help(help).because(Some(location))
            });
            EvidenceResult::Findings(findings.collect())
        }
        Verdict::Inconclusive(missing) => {
            let help = "measure for longer, or more events; each run of the stage records what is new";
            undecided(suite, "need_events", &missing, help)
        }
        Verdict::Vacuous(why) => undecided(
            suite,
            "vacuous",
            &why,
            "measure what is missing, and correct what cannot be read",
        ),
    }
}

/// No evidence: a suite that is not required only says so.
fn undecided(suite: &SuitePolicy, code: &str, why: &[String], help: &str) -> EvidenceResult {
    /// Sentences that are shown; the log has all.
    const SHOWN: usize = 5;
    let mut sentences: Vec<String> = why.iter().take(SHOWN).cloned().collect();
    if why.len() > SHOWN {
        sentences.push(format!("{} more are in the log", why.len() - SHOWN));
    }
    if suite.required {
        return EvidenceResult::Inconclusive(Reason::new(code, sentences.join("; ")).help(help));
    }
    let advice = |message: String| -> Finding { finding(suite, message).help(help) };
    EvidenceResult::Findings(sentences.into_iter().map(advice).collect())
}

/// The objectives of the policy and of the OpenSLO files it names. The inner error is what does not map.
fn all_objectives(
    policy: &SloPolicy,
    cx: &SuiteContext<'_>,
) -> Result<std::result::Result<Vec<Objective>, Vec<String>>> {
    let mut objectives = policy.objectives.clone();
    if policy.openslo.is_empty() {
        return Ok(Ok(objectives));
    }
    let mut files = Vec::new();
    for file in &policy.openslo {
        match fs::read_to_string(cx.workspace.root().join(file)) {
            Ok(text) => files.push((file.clone(), text)),
            Err(error) => return Ok(Err(vec![format!("cannot read `{file}`: {error}")])),
        }
    }
    let period = policy.look_back.last().copied().unwrap_or_default();
    Ok(openslo::objectives(&files, period).map(|found| {
        objectives.extend(found);
        objectives
    }))
}

/// What an objective showed, in one line.
pub fn line(level: &ServiceLevel) -> String {
    let of = match level.sum_of {
        Some(count) => format!(", all {count} together"),
        None => {
            let name = |name: &Option<String>| name.clone().unwrap_or_default();
            subject(&name(&level.workload), &name(&level.tenant))
        }
    };
    if level.events == 0 {
        return format!("{}{of}: no events", level.objective);
    }
    format!(
        "{}{of}: {} of {} events bad, {} allowed; more than {} excluded at {}",
        level.objective,
        level.bad,
        level.events,
        percent(level.budget.0),
        percent(level.excluded.0),
        percent(level.confidence.0)
    )
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
