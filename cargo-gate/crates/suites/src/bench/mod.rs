//! `suite.bench`: a command that measures, judged beside a reference that is measured in the same run.

mod criterion;
mod judge;
pub(super) mod read;
mod reference;
mod unit;

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use gate_base::error::{Error, Result};
use gate_base::process::ProcessEnd;
use gate_evidence::EvidenceResult;
use gate_policy::{BenchReference, SuitePolicy};
use gate_report::{BenchmarkResult, Reason, Standing, SuiteResult};

use super::build::BuildReads;
use super::log::SuiteLog;
use super::{Launch, Launched, SuiteContext, SuiteRun, finding, launch_with, suite_result};
use judge::{Judgement, judge};
use read::Readings;
use reference::Tree;

/// Markdown documentation of the kind.
pub const DOCS: &str = include_str!("bench.md");

/// What could not be decided and gets words of its own; the rest is counted.
const NAMED: usize = 3;

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
    let mut sides = vec![Side::new("measured", &suite.command, None)];
    match &policy.reference {
        BenchReference::None => {}
        BenchReference::Command(command) => sides.push(Side::new("reference", command, None)),
        BenchReference::Commit(commit) => match reference::tree(cx.workspace, &suite.name, commit)? {
            Ok(tree) => sides.push(Side::new("reference", &suite.command, Some(tree))),
            Err(reason) => return Ok(without(EvidenceResult::NotRun(reason))),
        },
    }
    let mut session = Session::new(cx)?;
    let mut result: Option<SuiteResult> = None;
    for round in 0..policy.rounds {
        // Who goes first changes, so that what warms up or slows down with time meets both.
        for turn in 0..sides.len() {
            let at = (turn + round as usize) % sides.len();
            let side = &mut sides[at];
            let end = match session.once(suite, cx, side, round)? {
                Launched::Ended(end) => end,
                Launched::NotStarted(reason) => return Ok(without(EvidenceResult::NotRun(reason))),
            };
            let mut ended = suite_result(side.command, &end);
            ended.duration_ms += result.as_ref().map_or(0, |result| result.duration_ms);
            if let Some(verdict) = failed(suite, &ended, at > 0) {
                session.finish(cx, &[])?;
                return Ok(SuiteRun {
                    result: verdict,
                    suite: Some(ended),
                    log: cx.log.clone(),
                    reads: BuildReads::default(),
                });
            }
            // The result is that of the command, not of the reference.
            match &mut result {
                Some(known) if at > 0 => known.duration_ms = ended.duration_ms,
                _ => {
                    ended.command = suite.command.clone();
                    result = Some(ended);
                }
            }
        }
    }
    let judgement = judge(
        suite,
        policy,
        &sides[0].readings,
        sides.get(1).map(|side| &side.readings),
    );
    session.finish(cx, &judgement.measurements)?;
    if let Some(result) = &mut result {
        let count = |standing: Standing| {
            let of = judgement
                .measurements
                .iter()
                .filter(|measurement| measurement.standing == standing);
            of.count() as u64
        };
        (result.passed, result.failed) = (count(Standing::Within), count(Standing::Beyond));
        result.skipped = count(Standing::Undecided);
        result.measurements = judgement.measurements.clone();
    }
    Ok(SuiteRun {
        result: verdict(suite, judgement),
        suite: result,
        log: cx.log.clone(),
        reads: BuildReads::default(),
    })
}

/// What blocks is said before what could not be decided: it is an answer.
fn verdict(suite: &SuitePolicy, judgement: Judgement) -> EvidenceResult {
    let Judgement {
        mut findings,
        undecided,
        ..
    } = judgement;
    let blocks = findings.iter().any(|finding| finding.blocks_at == Some(suite.stage));
    if undecided.is_empty() || blocks {
        findings.extend(undecided.into_iter().map(|message| finding(suite, message)));
        return EvidenceResult::Findings(findings);
    }
    let more = undecided.len().saturating_sub(NAMED);
    let mut message = undecided.into_iter().take(NAMED).collect::<Vec<_>>().join("; ");
    if more > 0 {
        message.push_str(&format!("; and {more} more"));
    }
    for warning in findings {
        message.push_str(&format!("; {}", warning.message));
    }
    let help = format!(
        "`cargo gate suite {}` measures again; more `rounds` narrow the interval",
        suite.name
    );
    EvidenceResult::Inconclusive(Reason::new("not_measured", message).help(help))
}

/// A command that failed has measured nothing that counts.
fn failed(suite: &SuitePolicy, end: &SuiteResult, reference: bool) -> Option<EvidenceResult> {
    if end.exit_code == Some(0) && !end.timed_out {
        return None;
    }
    let command = end.command.join(" ");
    let what = match (end.timed_out, end.exit_code, end.signal) {
        (true, ..) => format!("timed out after {} s (timed_out)", suite.timeout.as_secs()),
        (false, Some(code), _) => format!("exited with code {code}"),
        (false, None, Some(signal)) => format!("was killed by signal {signal}"),
        (false, None, None) => "did not exit".to_owned(),
    };
    let help = format!("cargo gate suite {}", suite.name);
    if reference {
        let message = format!("the reference `{command}` {what}");
        return Some(EvidenceResult::Inconclusive(
            Reason::new("reference_failed", message).help(help),
        ));
    }
    let found = finding(suite, format!("`{command}` {what}")).help(help);
    Some(EvidenceResult::Findings(vec![found]))
}

/// The command, or its reference.
struct Side<'a> {
    name: &'static str,
    command: &'a [String],
    tree: Option<Tree>,
    readings: Readings,
    rounds: u32,
}

impl<'a> Side<'a> {
    fn new(name: &'static str, command: &'a [String], tree: Option<Tree>) -> Self {
        Self {
            name,
            command,
            tree,
            readings: Readings::default(),
            rounds: 0,
        }
    }
}

/// The log of all rounds, and a directory for what criterion writes.
struct Session {
    log: SuiteLog,
    path: PathBuf,
    scratch: PathBuf,
}

impl Session {
    fn new(cx: &SuiteContext<'_>) -> Result<Self> {
        Ok(Self {
            log: SuiteLog::create(&cx.log, cx.workspace)?,
            path: cx.log.clone(),
            scratch: cx.log.with_extension("bench"),
        })
    }

    /// Runs one side once.
    fn once(
        &mut self,
        suite: &SuitePolicy,
        cx: &SuiteContext<'_>,
        side: &mut Side<'_>,
        round: u32,
    ) -> Result<Launched> {
        self.empty()?;
        let home = self.scratch.join("criterion");
        let mut environment: Vec<(OsString, Option<OsString>)> =
            vec![("CRITERION_HOME".into(), Some(home.clone().into_os_string()))];
        if let Some(tree) = &side.tree {
            environment.push(("CARGO_TARGET_DIR".into(), Some(tree.target.clone().into_os_string())));
        }
        let heading = format!("== round {}, {}: {}\n", round + 1, side.name, side.command.join(" "));
        self.write(heading.as_bytes())?;
        let launch = Launch {
            command: side.command,
            split_stdout: true,
            root: side.tree.as_ref().map(|tree| tree.root.as_path()),
            environment,
        };
        let mut readings = Readings::default();
        let mut written = Ok(());
        let mut stderr = Vec::new();
        let launched = launch_with(suite, cx, &launch, &mut stderr, &mut |line| {
            readings.line(line);
            if written.is_ok() {
                written = writeln!(self.log, "{line}");
            }
        })?;
        written.map_err(|error| Error::io("write", &self.path, &error))?;
        if let Launched::Ended(ProcessEnd { exit_code: Some(0), .. }) = &launched {
            let repeated = criterion::read(&home, &mut readings);
            let readings = readings.finish(&repeated);
            if side.rounds == 0 {
                side.readings = readings;
            } else {
                side.readings.merge(readings);
            }
            side.rounds += 1;
        }
        self.write(&stderr)?;
        self.empty()?;
        Ok(launched)
    }

    fn empty(&self) -> Result<()> {
        if self.scratch.exists() {
            fs::remove_dir_all(&self.scratch).map_err(|error| Error::io("remove", &self.scratch, &error))?;
        }
        Ok(())
    }

    /// Writes what was measured to the end of the log.
    fn finish(mut self, cx: &SuiteContext<'_>, measurements: &[BenchmarkResult]) -> Result<()> {
        let mut text = String::new();
        for measurement in measurements {
            text.push_str(&format!("== {}\n", line(measurement)));
        }
        self.write(text.as_bytes())?;
        let taken = self
            .log
            .finish()
            .map_err(|error| Error::io("write", &self.path, &error))?;
        cx.shared.took(&self.path, taken);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.log
            .write_all(bytes)
            .map_err(|error| Error::io("write", &self.path, &error))
    }
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

/// A measurement in one line.
pub fn line(measurement: &BenchmarkResult) -> String {
    let (unit, _) = unit::Unit::named(&measurement.unit);
    let samples = measurement.samples;
    let noun = if samples == 1 { "sample" } else { "samples" };
    let mut line = format!(
        "{}: {} ({samples} {noun})",
        measurement.name,
        unit.shown(measurement.median.0)
    );
    let shown = unit::significant;
    if let (Some(ratio), Some(reference)) = (measurement.ratio, measurement.reference) {
        line.push_str(&format!(
            ", {} times the {} of its reference ({} to {})",
            shown(ratio.0),
            unit.shown(reference.0),
            shown(measurement.low.0),
            shown(measurement.high.0)
        ));
    }
    line
}

#[cfg(test)]
mod tests;
