//! `suite.bench`: a command that measures, judged beside a reference that is measured in the same run, in pairs of processes.

mod calibrate;
mod criterion;
mod judge;
mod plan;
pub(super) mod read;
mod reference;
mod table;
mod unit;

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use gate_base::error::{Error, Result};
use gate_evidence::EvidenceResult;
use gate_policy::{BenchPolicy, BenchReference, SuitePolicy};
use gate_report::{BenchmarkResult, Reason, Standing, SuiteResult};

use super::build::BuildReads;
use super::log::SuiteLog;
use super::{Launch, Launched, SuiteContext, SuiteRun, finding, launch_with, suite_result};
pub use calibrate::proposal;
use judge::{Confirmation, Judgement, Looks, State};
use plan::Order;
use read::Readings;
use reference::Tree;
use table::Series;

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
    let session = Session::new(suite, policy, cx)?;
    session.judged(&mut sides)
}

/// What blocks is said before what could not be decided: it is an answer.
fn verdict(suite: &SuitePolicy, judgement: Judgement) -> EvidenceResult {
    let Judgement {
        mut findings,
        undecided,
        vacuous,
        ..
    } = judgement;
    let blocks = findings.iter().any(|finding| finding.blocks_at == Some(suite.stage));
    if undecided.is_empty() && vacuous.is_empty() || blocks {
        let open = vacuous.into_iter().chain(undecided);
        findings.extend(open.map(|message| finding(suite, message)));
        return EvidenceResult::Findings(findings);
    }
    let (code, open, help) = if vacuous.is_empty() {
        let help = format!(
            "`cargo gate suite {} --calibrate` proposes limits that fit this machine",
            suite.name
        );
        ("undecided", undecided, help)
    } else {
        let help = format!("`cargo gate suite {}` measures again", suite.name);
        let open = vacuous.into_iter().chain(undecided).collect();
        ("not_measured", open, help)
    };
    let more = open.len().saturating_sub(NAMED);
    let mut message = open.into_iter().take(NAMED).collect::<Vec<_>>().join("; ");
    if more > 0 {
        message.push_str(&format!("; and {more} more"));
    }
    for warning in findings {
        message.push_str(&format!("; {}", warning.message));
    }
    EvidenceResult::Inconclusive(Reason::new(code, message).help(help))
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
    /// Where it is built, if not where the workspace is.
    target: Option<PathBuf>,
}

impl<'a> Side<'a> {
    fn new(name: &'static str, command: &'a [String], tree: Option<Tree>) -> Self {
        let target = tree.as_ref().map(|tree| tree.target.clone());
        Self {
            name,
            command,
            tree,
            target,
        }
    }
}

/// A process that measured nothing that counts, and what that makes of the suite.
struct Stopped {
    result: EvidenceResult,
    suite: Option<SuiteResult>,
}

/// One run of the suite: its log, a directory for what criterion writes, and the result so far.
struct Session<'a> {
    suite: &'a SuitePolicy,
    policy: &'a BenchPolicy,
    cx: &'a SuiteContext<'a>,
    log: SuiteLog,
    scratch: PathBuf,
    result: Option<SuiteResult>,
    duration_ms: u64,
}

impl<'a> Session<'a> {
    fn new(suite: &'a SuitePolicy, policy: &'a BenchPolicy, cx: &'a SuiteContext<'a>) -> Result<Self> {
        Ok(Self {
            suite,
            policy,
            cx,
            log: SuiteLog::create(&cx.log, cx.workspace)?,
            scratch: cx.log.with_extension("bench"),
            result: None,
            duration_ms: 0,
        })
    }

    /// Measures until the judge has enough, and says what it says.
    fn judged(mut self, sides: &mut [Side<'_>]) -> Result<SuiteRun> {
        let seed = plan::seed();
        let measured = if sides.len() == 1 {
            self.alone(&sides[0])
        } else {
            self.paired(sides, seed)
        };
        let judgement = match measured? {
            Ok(judgement) => judgement,
            Err(stopped) => {
                let log = self.cx.log.clone();
                self.finish(&Judgement::default())?;
                return Ok(SuiteRun {
                    result: stopped.result,
                    suite: stopped.suite,
                    log,
                    reads: BuildReads::default(),
                });
            }
        };
        let mut result = self.result.take();
        if let Some(result) = &mut result {
            let all = &judgement.measurements;
            let count = |standings: &[Standing]| {
                let of = all
                    .iter()
                    .filter(|measurement| standings.contains(&measurement.standing));
                of.count() as u64
            };
            (result.passed, result.failed) = (count(&[Standing::Within]), count(&[Standing::Beyond]));
            result.skipped = count(&[Standing::Undecided, Standing::Vacuous]);
            result.duration_ms = self.duration_ms;
            result.measurements = judgement.measurements.clone();
        }
        let (suite, log) = (self.suite, self.cx.log.clone());
        self.finish(&judgement)?;
        Ok(SuiteRun {
            result: verdict(suite, judgement),
            suite: result,
            log,
            reads: BuildReads::default(),
        })
    }

    /// A command without another side.
    fn alone(&mut self, side: &Side<'_>) -> Result<std::result::Result<Judgement, Stopped>> {
        let mut series = Series::default();
        for round in 0..self.policy.rounds {
            match self.once(side, &format!("round {}", round + 1))? {
                Ok(readings) => series.measured.push(readings),
                Err(stopped) => return Ok(Err(stopped)),
            }
        }
        Ok(Ok(judge::judge(
            self.suite,
            self.policy,
            &series,
            &Looks::default(),
            None,
            0,
        )))
    }

    /// Two sides, in pairs. What is worse by the first series is built anew elsewhere and measured again: the place of code in a
    /// program alone can make a difference, and so can chance.
    fn paired(&mut self, sides: &mut [Side<'_>], seed: u64) -> Result<std::result::Result<Judgement, Stopped>> {
        self.write(format!("== order by coin: seed {seed}\n").as_bytes())?;
        let mut order = Order::new(seed);
        let (series, looks, state) = match self.series(sides, &mut order, "pair")? {
            Ok(measured) => measured,
            Err(stopped) => return Ok(Err(stopped)),
        };
        if self.policy.calibrate {
            return Ok(Ok(calibrate::propose(self.policy, &series, seed)));
        }
        if state != State::Worse {
            let judgement = judge::judge(self.suite, self.policy, &series, &looks, None, seed);
            return Ok(Ok(judgement));
        }
        let worse = looks.worse(self.policy, &series).into_iter();
        let confirmation = Confirmation {
            first: worse.map(str::to_owned).collect(),
            pairs: series.measured.len(),
        };
        let named = confirmation.first.join("`, `");
        self.write(format!("== `{named}` is worse, and is built anew and measured again\n").as_bytes())?;
        sides[0].target = Some(reference::anew(self.cx.workspace, &self.suite.name));
        let (series, looks, _) = match self.series(sides, &mut order, "second pair")? {
            Ok(measured) => measured,
            Err(stopped) => return Ok(Err(stopped)),
        };
        Ok(Ok(judge::judge(
            self.suite,
            self.policy,
            &series,
            &looks,
            Some(&confirmation),
            seed,
        )))
    }

    /// Pairs until nothing is open, something is worse, or there are as many as the policy allows. The first pair warms up and
    /// builds; it counts only where nothing is left to chance.
    fn series(
        &mut self,
        sides: &[Side<'_>],
        order: &mut Order,
        what: &str,
    ) -> Result<std::result::Result<(Series, Looks, State), Stopped>> {
        let mut series = Series {
            measured: Vec::new(),
            reference: Some(Vec::new()),
        };
        let mut looks = Looks::default();
        let mut pair = 0;
        loop {
            let reference_first = order.reference_first();
            let named = if pair == 0 {
                format!("{what} to warm up")
            } else {
                format!("{what} {pair}")
            };
            for at in if reference_first { [1, 0] } else { [0, 1] } {
                let readings = match self.once(&sides[at], &named)? {
                    Ok(readings) => readings,
                    Err(stopped) => return Ok(Err(stopped)),
                };
                match &mut series.reference {
                    Some(reference) if at == 1 => reference.push(readings),
                    _ => series.measured.push(readings),
                }
            }
            pair += 1;
            if judge::hopeless(&series) {
                return Ok(Ok((series, looks, State::Settled)));
            }
            if pair == 2 {
                if judge::exact(self.policy, &series) {
                    let state = looks.look(self.policy, &series);
                    return Ok(Ok((series, looks, state)));
                }
                series.measured.remove(0);
                series
                    .reference
                    .iter_mut()
                    .for_each(|reference| drop(reference.remove(0)));
            }
            let pairs = series.measured.len();
            let last = pairs >= self.policy.max_pairs as usize;
            if pair < 2 || !(judge::looks_after(pairs) || last) {
                continue;
            }
            if self.policy.calibrate {
                if last {
                    return Ok(Ok((series, looks, State::Settled)));
                }
                continue;
            }
            let state = looks.look(self.policy, &series);
            if last || state != State::Open {
                return Ok(Ok((series, looks, state)));
            }
        }
    }

    /// Runs one side once.
    fn once(&mut self, side: &Side<'_>, named: &str) -> Result<std::result::Result<Readings, Stopped>> {
        self.empty()?;
        let home = self.scratch.join("criterion");
        let mut environment: Vec<(OsString, Option<OsString>)> =
            vec![("CRITERION_HOME".into(), Some(home.clone().into_os_string()))];
        if let Some(target) = &side.target {
            environment.push(("CARGO_TARGET_DIR".into(), Some(target.clone().into_os_string())));
        }
        let heading = format!("== {named}, {}: {}\n", side.name, side.command.join(" "));
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
        let launched = launch_with(self.suite, self.cx, &launch, &mut stderr, &mut |line| {
            readings.line(line);
            if written.is_ok() {
                written = writeln!(self.log, "{line}");
            }
        })?;
        written.map_err(|error| Error::io("write", &self.cx.log, &error))?;
        let end = match launched {
            Launched::Ended(end) => end,
            Launched::NotStarted(reason) => {
                return Ok(Err(Stopped {
                    result: EvidenceResult::NotRun(reason),
                    suite: None,
                }));
            }
        };
        let repeated = criterion::read(&home, &mut readings);
        let mut readings = readings.finish(&repeated);
        if self.policy.wall {
            readings.wall(end.duration);
        }
        self.write(&stderr)?;
        self.empty()?;
        let mut ended = suite_result(side.command, &end);
        self.duration_ms += ended.duration_ms;
        ended.duration_ms = self.duration_ms;
        let reference = side.name != "measured";
        if let Some(result) = failed(self.suite, &ended, reference) {
            return Ok(Err(Stopped {
                result,
                suite: Some(ended),
            }));
        }
        // The result is that of the command, not of the reference.
        if !reference || self.result.is_none() {
            ended.command = self.suite.command.clone();
            self.result = Some(ended);
        }
        Ok(Ok(readings))
    }

    fn empty(&self) -> Result<()> {
        if self.scratch.exists() {
            fs::remove_dir_all(&self.scratch).map_err(|error| Error::io("remove", &self.scratch, &error))?;
        }
        Ok(())
    }

    /// Writes what was measured to the end of the log.
    fn finish(mut self, judgement: &Judgement) -> Result<()> {
        let measured = judgement.measurements.iter().map(line);
        let lines: Vec<String> = judgement.controls.iter().cloned().chain(measured).collect();
        let text: String = lines.iter().map(|line| format!("== {line}\n")).collect();
        self.write(text.as_bytes())?;
        let taken = self.log.finish();
        let taken = taken.map_err(|error| Error::io("write", &self.cx.log, &error))?;
        self.cx.shared.took(&self.cx.log, taken);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.log.write_all(bytes);
        written.map_err(|error| Error::io("write", &self.cx.log, &error))
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
        let pairs = match measurement.pairs {
            0 => String::new(),
            pairs => format!(" in {pairs} pairs"),
        };
        line.push_str(&format!(
            ", {} times the {} of its reference ({} to {}{pairs})",
            shown(ratio.0),
            unit.shown(reference.0),
            shown(measurement.low.0),
            shown(measurement.high.0)
        ));
    }
    for part in [excluded(measurement), caught(measurement)].into_iter().flatten() {
        line.push_str("; ");
        line.push_str(&part);
    }
    line
}

/// What a ratio that keeps its limit is not, for sure.
fn excluded(measurement: &BenchmarkResult) -> Option<String> {
    let limit = measurement.limit?.0;
    // Nothing is left to exclude of what is the same each time.
    let chance = measurement.pairs > 0 && measurement.low != measurement.high;
    if measurement.standing != Standing::Within || !chance {
        return None;
    }
    let (word, change) = if limit >= 1.0 {
        let word = match unit::Unit::named(&measurement.unit).0 {
            unit::Unit::Time => "slower",
            _ => "larger",
        };
        (word, measurement.high.0 - 1.0)
    } else {
        ("lower", measurement.low.0 - 1.0)
    };
    Some(format!("{word} than {:+.1} % excluded at 95 %", change * 100.0))
}

/// What as many pairs with as much noise would have failed.
fn caught(measurement: &BenchmarkResult) -> Option<String> {
    let caught = measurement
        .caught
        .filter(|_| measurement.standing == Standing::Within)?;
    Some(format!("{:+.1} % would have failed", (caught.0 - 1.0) * 100.0))
}

#[cfg(test)]
mod tests;
