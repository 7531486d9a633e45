//! One run of a suite: processes, in pairs where there are two sides, until the judge has enough.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use gate_base::error::{Error, Result};
use gate_base::process::usage;
use gate_evidence::EvidenceResult;
use gate_evidence::event::Event;
use gate_policy::{BenchPolicy, SuitePolicy};
use gate_report::{Reason, Standing, SuiteResult};
use gate_text::secrets::LineMasker;

use super::super::build::BuildReads;
use super::super::log::SuiteLog;
use super::super::{Launch, Launched, SuiteContext, SuiteRun, check_id, launch_with, suite_result};
use super::json::{self, Places};
use super::judge::{self, Confirmation, Judgement, Looks, State};
use super::plan::{self, Order};
use super::read::Readings;
use super::shown::line;
use super::table::Series;
use super::verdict::{failed, verdict};
use super::{calibrate, criterion, process};
use crate::reference::{self, Tree};

/// The command, or its reference.
pub(super) struct Side<'a> {
    name: &'static str,
    command: &'a [String],
    tree: Option<Tree>,
    /// Where it is built, if not where the workspace is.
    target: Option<PathBuf>,
}

/// The words of a command with the places that they name.
fn filled(words: &[String], places: &[(&str, &Path)]) -> Vec<String> {
    let fill = |word: &String| {
        let each = places.iter();
        each.fold(word.clone(), |word, (name, place)| {
            word.replace(name, &place.to_string_lossy())
        })
    };
    words.iter().map(fill).collect()
}

impl<'a> Side<'a> {
    pub(super) fn new(name: &'static str, command: &'a [String], tree: Option<Tree>) -> Self {
        let target = tree.as_ref().map(|tree| tree.target.clone());
        Self {
            name,
            command,
            tree,
            target,
        }
    }

    fn is_reference(&self) -> bool {
        self.name != "measured"
    }

    fn writes_output(&self) -> bool {
        self.command.iter().any(|word| word.contains(json::OUTPUT))
    }

    /// Where it is built, as a variable.
    fn environment(&self) -> Vec<(OsString, Option<OsString>)> {
        let target = self.target.iter();
        target
            .map(|target| ("CARGO_TARGET_DIR".into(), Some(target.clone().into_os_string())))
            .collect()
    }
}

/// A process that measured nothing that counts, and what that makes of the suite.
struct Stopped {
    result: EvidenceResult,
    suite: Option<SuiteResult>,
}

impl Stopped {
    fn not_started(reason: Reason) -> Self {
        Self {
            result: EvidenceResult::NotRun(reason),
            suite: None,
        }
    }
}

/// One run of the suite: its log, a directory for what criterion writes, and the result so far.
pub(super) struct Session<'a> {
    suite: &'a SuitePolicy,
    policy: &'a BenchPolicy,
    cx: &'a SuiteContext<'a>,
    log: SuiteLog,
    scratch: PathBuf,
    /// Where the workspace is built.
    target: PathBuf,
    result: Option<SuiteResult>,
    duration_ms: u64,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        suite: &'a SuitePolicy,
        policy: &'a BenchPolicy,
        cx: &'a SuiteContext<'a>,
        target: PathBuf,
    ) -> Result<Self> {
        Ok(Self {
            suite,
            policy,
            cx,
            log: SuiteLog::create(&cx.log, cx.workspace)?,
            scratch: cx.log.with_extension("bench"),
            target,
            result: None,
            duration_ms: 0,
        })
    }

    /// Measures until the judge has enough, and says what it says.
    pub(super) fn judged(mut self, sides: &mut [Side<'_>]) -> Result<SuiteRun> {
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
        if let Some(stopped) = self.build(side)? {
            return Ok(Err(stopped));
        }
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

    /// Two sides, in pairs. What is worse by the first series is rebuilt elsewhere and measured again: the place of code in a
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
        self.write(format!("== `{named}` is worse, so it is rebuilt and measured again\n").as_bytes())?;
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
        for side in sides {
            if let Some(stopped) = self.build(side)? {
                return Ok(Err(stopped));
            }
        }
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

    /// Hands on what a failed command said: its standard output is measurements.
    fn show(&self, stderr: &[u8]) {
        let id = check_id(self.suite);
        let mut masker = LineMasker::default();
        for line in String::from_utf8_lossy(stderr).lines() {
            let line = &masker.line(line);
            self.cx.observer.event(&Event::Output { id: &id, line });
        }
    }

    /// Builds what a side runs, where the policy says how.
    fn build(&mut self, side: &Side<'_>) -> Result<Option<Stopped>> {
        let Some(words) = &self.policy.build else {
            return Ok(None);
        };
        self.write(format!("== build, {}: {}\n", side.name, words.join(" ")).as_bytes())?;
        let target = side.target.as_deref().unwrap_or(&self.target);
        let command = filled(words, &[(json::TARGET, target)]);
        let launch = Launch {
            command: &command,
            split_stdout: true,
            root: side.tree.as_ref().map(|tree| tree.root.as_path()),
            environment: side.environment(),
            usage: None,
        };
        let mut stderr = Vec::new();
        let launched = launch_with(self.suite, self.cx, &launch, &mut stderr, &mut |_| {})?;
        self.write(&stderr)?;
        let end = match launched {
            Launched::Ended(end) => suite_result(words, &end),
            Launched::NotStarted(reason) => return Ok(Some(Stopped::not_started(reason))),
        };
        self.duration_ms += end.duration_ms;
        Ok(self.stopped(side, end, &stderr))
    }

    /// Runs one side once.
    fn once(&mut self, side: &Side<'_>, named: &str) -> Result<std::result::Result<Readings, Stopped>> {
        let output = self.scratch.join("output.json");
        let places = Places {
            target: side.target.as_deref().unwrap_or(&self.target),
            output: side.writes_output().then_some(output.as_path()),
        };
        let command = filled(side.command, &[(json::TARGET, places.target), (json::OUTPUT, &output)]);
        self.empty()?;
        let remove = |file: &Path| fs::remove_file(file).map_err(|error| Error::io("remove", file, &error));
        places
            .stale(&self.policy.json)
            .iter()
            .try_for_each(|file| remove(file))?;
        fs::create_dir_all(&self.scratch).map_err(|error| Error::io("create", &self.scratch, &error))?;
        let home = self.scratch.join("criterion");
        let report = self.scratch.join("usage.json");
        let mut environment = side.environment();
        environment.push(("CRITERION_HOME".into(), Some(home.clone().into_os_string())));
        let heading = format!("== {named}, {}: {}\n", side.name, side.command.join(" "));
        let launch = Launch {
            command: &command,
            split_stdout: true,
            root: side.tree.as_ref().map(|tree| tree.root.as_path()),
            environment,
            usage: process::helped(self.policy).then_some(report.as_path()),
        };
        let mut readings = Readings::default();
        let mut stdout = places.reads_stdout(&self.policy.json).then(String::new);
        let mut written = self.log.write_all(heading.as_bytes());
        let mut stderr = Vec::new();
        let launched = launch_with(self.suite, self.cx, &launch, &mut stderr, &mut |line| {
            match &mut stdout {
                // More than this is refused anyway.
                Some(document) if document.len() <= json::LARGEST => document.extend([line, "\n"]),
                Some(_) => {}
                None => readings.line(line),
            }
            if written.is_ok() {
                written = writeln!(self.log, "{line}");
            }
        })?;
        written.map_err(|error| Error::io("write", &self.cx.log, &error))?;
        let mut end = match launched {
            Launched::Ended(end) => end,
            Launched::NotStarted(reason) => return Ok(Err(Stopped::not_started(reason))),
        };
        let usage = launch.usage.and_then(|report| usage::reported(report, &mut end));
        let mut ended = suite_result(side.command, &end);
        self.duration_ms += ended.duration_ms;
        ended.duration_ms = self.duration_ms;
        if let Some(stopped) = self.stopped(side, ended.clone(), &stderr) {
            self.write(&stderr)?;
            self.empty()?;
            return Ok(Err(stopped));
        }
        let repeated = criterion::read(&home, &mut readings);
        let mut readings = readings.finish(&repeated);
        places.read(&self.policy.json, stdout.as_deref().unwrap_or_default(), &mut readings);
        process::add(self.policy, &end, usage, &mut readings);
        self.write(&stderr)?;
        self.empty()?;
        // The result is that of the command, not of the reference.
        if !side.is_reference() || self.result.is_none() {
            ended.command = self.suite.command.clone();
            self.result = Some(ended);
        }
        Ok(Ok(readings))
    }

    /// What a command that failed makes of the suite.
    fn stopped(&self, side: &Side<'_>, ended: SuiteResult, stderr: &[u8]) -> Option<Stopped> {
        let result = failed(self.suite, &ended, side.is_reference(), stderr)?;
        self.show(stderr);
        Some(Stopped {
            result,
            suite: Some(ended),
        })
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
