//! One run of a suite: processes, in pairs where there are two sides, until the judge has enough.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use gate_base::error::{Error, Result};
use gate_evidence::EvidenceResult;
use gate_evidence::event::Event;
use gate_policy::{BenchPolicy, SuitePolicy};
use gate_report::{Standing, SuiteResult};
use gate_text::secrets::LineMasker;

use super::super::build::BuildReads;
use super::super::log::SuiteLog;
use super::super::{Launch, Launched, SuiteContext, SuiteRun, check_id, launch_with, suite_result};
use super::judge::{self, Confirmation, Judgement, Looks, State};
use super::plan::{self, Order};
use super::read::Readings;
use super::shown::line;
use super::table::Series;
use super::verdict::{failed, verdict};
use super::{calibrate, criterion};
use crate::reference::{self, Tree};

/// The command, or its reference.
pub(super) struct Side<'a> {
    name: &'static str,
    command: &'a [String],
    tree: Option<Tree>,
    /// Where it is built, if not where the workspace is.
    target: Option<PathBuf>,
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
}

/// A process that measured nothing that counts, and what that makes of the suite.
struct Stopped {
    result: EvidenceResult,
    suite: Option<SuiteResult>,
}

/// One run of the suite: its log, a directory for what criterion writes, and the result so far.
pub(super) struct Session<'a> {
    suite: &'a SuitePolicy,
    policy: &'a BenchPolicy,
    cx: &'a SuiteContext<'a>,
    log: SuiteLog,
    scratch: PathBuf,
    result: Option<SuiteResult>,
    duration_ms: u64,
}

impl<'a> Session<'a> {
    pub(super) fn new(suite: &'a SuitePolicy, policy: &'a BenchPolicy, cx: &'a SuiteContext<'a>) -> Result<Self> {
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
        if let Some(result) = failed(self.suite, &ended, reference, &stderr) {
            self.show(&stderr);
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
