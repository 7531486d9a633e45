//! Runs a plan: built-in checks in parallel, suites under the job limit, each guarded against its own panics.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rayon::prelude::*;

use crate::verdict;
use gate_base::error::{Error, ErrorKind, Result};
use gate_base::process::cancel::Cancel;
use gate_contract::{Attachments, Check, Inputs, input};
use gate_evidence::event::{Event, Expected, Observer};
use gate_evidence::history::History;
use gate_evidence::store::Store;
use gate_evidence::{Evidence, EvidenceFile, EvidenceResult, expected};
use gate_policy::SuitePolicy;
use gate_report::group::Group;
use gate_report::{OTHER_SHARD, Partition, Reason, SUITES_LEFT_OUT, masked};
use gate_suites::{self, Shared, SuiteContext};
use gate_surveys::Surveys;

use super::plan::{Action, Plan, PlanItem, SuiteMode, Unit};

/// How often those who watch are told that suites still run.
const TICK: Duration = Duration::from_millis(250);

/// A unit with its evidence, made or reused.
#[derive(Debug, Clone)]
pub(super) struct Completed {
    /// The evidence.
    pub evidence: Evidence,
    /// Whether it was reused.
    pub reused: bool,
    /// Whether it rests on something that cannot be vouched for later, and counts for this run alone.
    pub volatile: bool,
}

/// How long a check is likely to take, longest first: what begins last should not be what all others wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Effort {
    /// Reads the code.
    Code,
    /// Reads other files, or what is in memory.
    Rest,
}

impl Effort {
    fn of(item: &PlanItem) -> Self {
        let Unit::Check(check) = &item.unit else {
            return Self::Rest;
        };
        if check.reads::<input::RustSources>() {
            Self::Code
        } else {
            Self::Rest
        }
    }
}

/// A unit of the plan with its place in it.
type Numbered<'p> = (usize, &'p PlanItem);

/// Everything a run needs.
#[derive(Clone, Copy)]
pub(super) struct Runner<'a> {
    pub workspace: &'a Surveys,
    pub store: &'a Store,
    /// Earlier runs, for how long suites are likely to take.
    pub history: &'a History,
    pub inputs: Inputs<'a>,
    pub rules: verdict::Rules<'a>,
    pub keep_going: bool,
    pub suites: SuiteMode,
    pub jobs: usize,
    pub observer: &'a dyn Observer,
    pub cancel: &'a Cancel,
}

impl Runner<'_> {
    /// Runs the plan and returns one result per item, in its order.
    pub(super) fn run(&self, plan: &Plan) -> Result<Vec<Completed>> {
        let (checks, suites): (Vec<_>, Vec<_>) = plan
            .items
            .iter()
            .enumerate()
            .partition(|(_, item)| matches!(item.unit, Unit::Check(_)));
        let slots: Vec<Mutex<Option<Completed>>> = plan.items.iter().map(|_| Mutex::new(None)).collect();
        let put = |at: usize, completed: Completed| {
            if let Ok(mut slot) = slots[at].lock() {
                *slot = Some(completed);
            }
        };

        let shared = Shared::default();
        let no_time = BTreeMap::new();
        let (reused, mut to_run): (Vec<_>, Vec<_>) = checks
            .into_iter()
            .partition(|(_, item)| matches!(item.action, Action::Reuse(_)));
        for (at, item) in reused {
            put(at, self.one(item, &shared, &no_time)?);
        }
        // Waking a thread pool for one check takes longer than most checks.
        let outcomes: Vec<(usize, Result<Completed>)> = if to_run.len() < 2 {
            to_run
                .into_iter()
                .map(|(at, item)| (at, self.one(item, &shared, &no_time)))
                .collect()
        } else {
            to_run.sort_by_key(|(_, item)| Effort::of(item));
            to_run
                .into_par_iter()
                // One by one: what waits behind a long check could not be taken by another thread.
                .with_max_len(1)
                .map(|(at, item)| (at, self.one(item, &shared, &no_time)))
                .collect()
        };
        for (at, completed) in outcomes {
            put(at, completed?);
        }

        let mut blockers = Vec::new();
        let mut turn = None;
        for round in self.rounds(suites) {
            let group = round.first().map(|(_, item)| item.unit.group());
            if self.waits() && turn != group {
                blockers = self.blockers(plan, &slots);
                turn = group;
            }
            self.round(&round, &blockers, &shared, &put)?;
        }
        slots
            .into_iter()
            .map(|slot| {
                slot.into_inner()
                    .ok()
                    .flatten()
                    .ok_or_else(|| Error::tool("a check left no result"))
            })
            .collect()
    }

    /// Whether suites wait for what comes before them.
    fn waits(&self) -> bool {
        !self.keep_going && self.suites != SuiteMode::None
    }

    /// The suites in the order of their groups: those of one group run beside each other, and all do where none waits. A
    /// benchmark runs alone, behind the other suites of its round.
    fn rounds<'p>(&self, mut suites: Vec<Numbered<'p>>) -> Vec<Vec<Numbered<'p>>> {
        let waits = self.waits();
        let round = |(_, item): &Numbered<'_>| (waits.then(|| item.unit.group()), item.unit.runs_alone());
        suites.sort_by_key(round);
        suites
            .chunk_by(|a, b| round(a) == round(b))
            .map(<[_]>::to_vec)
            .collect()
    }

    /// Runs suites beside each other, unless something blocks them.
    fn round(
        &self,
        suites: &[Numbered<'_>],
        blockers: &[(Group, String)],
        shared: &Shared,
        put: &(impl Fn(usize, Completed) + Sync),
    ) -> Result<()> {
        let alone = suites.iter().any(|(_, item)| item.unit.runs_alone());
        let workers = if alone { 1 } else { self.jobs.min(suites.len()) };
        let runs = |item: &PlanItem| matches!(item.action, Action::Run(_)) && self.suites != SuiteMode::None;
        let ids = suites
            .iter()
            .filter(|(_, item)| runs(item) && blockers.is_empty())
            .map(|(_, item)| item.unit.id())
            .collect();
        let expected = &expected::expected(self.history, &ids);
        let next = &AtomicUsize::new(0);
        let failure: &Mutex<Option<Error>> = &Mutex::new(None);
        let (working, ended) = channel::<()>();
        std::thread::scope(|scope| {
            for _ in 0..workers {
                let working = working.clone();
                scope.spawn(move || {
                    let _working = working;
                    while let Some((at, item)) = suites.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let result = match item.action {
                            Action::Run(_) if self.suites == SuiteMode::None => Ok(self.without_evidence(item)),
                            Action::Run(_) if !blockers.is_empty() => Ok(self.held_back(item, blockers)),
                            _ => self.one(item, shared, expected),
                        };
                        match result {
                            Ok(completed) => put(*at, completed),
                            Err(error) => {
                                if let Ok(mut first) = failure.lock() {
                                    first.get_or_insert(error);
                                }
                                return;
                            }
                        }
                    }
                });
            }
            drop(working);
            while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                self.observer.event(&Event::Tick);
            }
        });
        if self.cancel.requested() {
            return Err(Error::new(
                ErrorKind::Interrupted,
                "interrupted; completed evidence is kept",
            ));
        }
        let failure = failure.lock().ok().and_then(|mut first| first.take());
        failure.map_or(Ok(()), Err)
    }

    /// What was evaluated so far and blocks the stage, by group.
    fn blockers(&self, plan: &Plan, slots: &[Mutex<Option<Completed>>]) -> Vec<(Group, String)> {
        let blocks = |item: &PlanItem, slot: &Mutex<Option<Completed>>| {
            let slot = slot.lock().ok()?;
            let completed = slot.as_ref()?;
            let id = item.unit.id();
            // Whether warnings block is no reason to hold back suites: they are the bulk of the evidence.
            let rules = verdict::Rules {
                strict: false,
                ..self.rules
            };
            verdict::blocks(&id, &completed.evidence.result, self.inputs.policy, rules)
                .then_some((item.unit.group(), id))
        };
        let here = |(item, _): &(&PlanItem, _)| !matches!(item.action, Action::Elsewhere(_));
        let mut blockers: Vec<_> = plan
            .items
            .iter()
            .zip(slots)
            .filter(here)
            .filter_map(|(item, slot)| blocks(item, slot))
            .collect();
        blockers.sort_by_key(|(group, _)| *group);
        blockers
    }

    fn held_back(&self, item: &PlanItem, blockers: &[(Group, String)]) -> Completed {
        self.completed(item, blocked_by(blockers), Timestamp::now(), Duration::ZERO)
    }

    fn without_evidence(&self, item: &PlanItem) -> Completed {
        let id = item.unit.id();
        let message = format!("suites were skipped, and there is no current evidence for `{id}`");
        let reason = Reason::new(SUITES_LEFT_OUT, message).help(format!("`cargo gate suite {id}`"));
        self.completed(item, EvidenceResult::NotRun(reason), Timestamp::now(), Duration::ZERO)
    }

    fn one(&self, item: &PlanItem, shared: &Shared, expected: &BTreeMap<String, Expected>) -> Result<Completed> {
        let id = item.unit.id();
        let mut completed = match &item.action {
            Action::Reuse(evidence) => Completed {
                evidence: (**evidence).clone(),
                reused: true,
                volatile: false,
            },
            Action::Elsewhere(whose) => {
                return Ok(self.completed(item, elsewhere(*whose), Timestamp::now(), Duration::ZERO));
            }
            Action::Run(_) => {
                if self.cancel.requested() {
                    return Err(Error::new(ErrorKind::Interrupted, "interrupted"));
                }
                let long = matches!(item.unit, Unit::Suite(_));
                let expected = expected.get(&id).copied();
                self.observer.event(&Event::CheckStarted {
                    id: &id,
                    long,
                    expected,
                });
                match &item.unit {
                    Unit::Check(check) => self.check(item, check)?,
                    Unit::Suite(suite) => self.suite(item, suite, shared)?,
                }
            }
        };
        // What is kept may be copied to other machines.
        if !completed.reused
            && let Some(masked) = masked(&completed.evidence.result)
        {
            completed.evidence.result = masked;
        }
        if !completed.reused && !completed.volatile && keepable(item, &completed.evidence.result) {
            self.store.put_evidence(&completed.evidence)?;
            if item.unit.is_shared() {
                self.store.send(&completed.evidence);
            }
        }
        self.observer.event(&Event::CheckFinished {
            id: &id,
            outcome: verdict::outcome_at(&completed.evidence.result, self.rules.stage, self.rules.strict),
            duration_ms: completed.evidence.duration_ms,
            reused: completed.reused,
        });
        Ok(completed)
    }

    fn check(&self, item: &PlanItem, check: &'static Check) -> Result<Completed> {
        let started = Timestamp::now();
        let clock = Instant::now();
        let attachments = Attachments::default();
        let inputs = Inputs {
            attachments: Some(&attachments),
            ..self.inputs
        };
        let result = verdict::carry_out(check, &inputs);
        let mut completed = self.completed(item, result, started, clock.elapsed());
        for (path, bytes) in attachments.into_files() {
            completed.evidence.files.push(EvidenceFile {
                path,
                digest: self.store.put_bytes(&bytes)?,
                size: bytes.len() as u64,
            });
        }
        Ok(completed)
    }

    fn suite(&self, item: &PlanItem, suite: &SuitePolicy, shared: &Shared) -> Result<Completed> {
        let started = Timestamp::now();
        let clock = Instant::now();
        let log = self
            .workspace
            .gate_dir()
            .join("tmp")
            .join(format!("{}-{}.log", item.unit.id(), std::process::id()));
        let context = SuiteContext {
            workspace: self.workspace,
            cancel: self.cancel,
            observer: self.observer,
            shared,
            log,
        };
        let run = gate_suites::run(suite, &context)?;
        let result = self.unless_changed(suite, run.result);
        let mut completed = self.completed(item, result, started, clock.elapsed());
        let shown = run
            .suite
            .as_ref()
            .map(|suite| (suite.equivalence.as_deref(), suite.drill.as_deref()));
        let (equivalence, drill) = shown.unwrap_or_default();
        let written = |error| Error::tool(format!("cannot write what `{}` showed: {error}", suite.name));
        let texts = [
            (
                "equivalence",
                equivalence
                    .map(serde_json::to_vec_pretty)
                    .transpose()
                    .map_err(written)?,
            ),
            (
                "drill",
                drill.map(serde_json::to_vec_pretty).transpose().map_err(written)?,
            ),
        ];
        for (kind, text) in texts {
            let Some(mut text) = text else { continue };
            text.push(b'\n');
            completed.evidence.files.push(EvidenceFile {
                path: format!("suites/{}.{kind}.json", suite.name),
                digest: self.store.put_bytes(&text)?,
                size: text.len() as u64,
            });
        }
        completed.evidence.suite = run.suite;
        completed.evidence.reads = run.reads.reads;
        completed.volatile = run.reads.unknown.is_some();
        if run.log.is_file() {
            let (digest, size) = self.store.put_file(&run.log)?;
            completed.evidence.files.push(EvidenceFile {
                path: format!("suites/{}.log", suite.name),
                digest,
                size,
            });
        }
        Ok(completed)
    }

    /// A suite takes minutes, and files may be edited meanwhile: then its result belongs to neither state.
    fn unless_changed(&self, suite: &SuitePolicy, result: EvidenceResult) -> EvidenceResult {
        let EvidenceResult::Findings(findings) = &result else {
            return result;
        };
        if gate_suites::is_failure(suite, findings) {
            // A failure says more, and opens no stage either.
            return result;
        }
        let filter = gate_suites::InputFilter::new(suite);
        let keep = |path: &str| filter.reads(path) && !is_pending_snapshot(path);
        let changed = self.workspace.changed_since_read(|file| keep(&file.path));
        let changed = match changed {
            Ok(changed) => changed,
            Err(error) => return EvidenceResult::Error(Reason::new("workspace_unreadable", error.message)),
        };
        let Some(first) = changed.first() else { return result };
        let others = match changed.len() - 1 {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        EvidenceResult::Inconclusive(
            Reason::new(
                "changed_while_running",
                format!("`{first}`{others} changed while the suite ran"),
            )
            .help("run it again without editing sources; a suite must only write to the target directory"),
        )
    }

    fn completed(&self, item: &PlanItem, result: EvidenceResult, started: Timestamp, duration: Duration) -> Completed {
        let evidence = Evidence {
            check: item.unit.id(),
            fingerprint: item.fingerprint.digest,
            result,
            suite: None,
            files: Vec::new(),
            recorded: started.to_string(),
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            commit: self.workspace.git().and_then(|git| git.head.clone()),
            reads: Vec::new(),
        };
        Completed {
            evidence,
            reused: false,
            volatile: false,
        }
    }
}

/// The result of a suite that another share has.
fn elsewhere(whose: Partition) -> EvidenceResult {
    let reason = Reason::new(OTHER_SHARD, format!("shard {whose} has the suite"));
    EvidenceResult::NotRun(reason.help(verdict::MERGE))
}

/// Whether insta keeps there what a snapshot could become (<https://docs.rs/insta>): it writes such files while tests run, also
/// where they pass, and compares nothing with them.
fn is_pending_snapshot(path: &str) -> bool {
    path.ends_with(".snap.new") || path.ends_with(".pending-snap")
}

/// Only a judgement over inputs that can be vouched for is kept. What was not run, went wrong or hit upon a change is
/// tried again.
fn keepable(item: &PlanItem, result: &EvidenceResult) -> bool {
    item.fingerprint.reusable()
        && match result {
            EvidenceResult::Findings(_) => true,
            EvidenceResult::Inconclusive(reason) => reason.code != "changed_while_running",
            EvidenceResult::NotRun(_) | EvidenceResult::Error(_) => false,
        }
}

/// The result of a suite that is not evaluated because of what already blocks the stage: ids with their groups.
fn blocked_by(blockers: &[(Group, String)]) -> EvidenceResult {
    let ids: Vec<&str> = blockers.iter().map(|(_, id)| id.as_str()).collect();
    let groups: BTreeSet<Group> = blockers.iter().map(|(group, _)| *group).collect();
    let names: Vec<&str> = groups.iter().map(|group| group.name()).collect();
    let verb = if ids.len() == 1 { "blocks" } else { "block" };
    let mut reason = Reason::new(
        "blocked_by",
        format!(
            "held back by {}, because `{}` already {verb} the stage",
            names.join(" and "),
            ids.join("`, `"),
        ),
    );
    reason.group = groups.first().copied();
    EvidenceResult::NotRun(reason.help("pass `--keep-going` to run it anyway"))
}
