//! The plan: what will run and why, before anything runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use gate_base::digest::Digest;
use gate_base::record;
use gate_base::stage::Stage;
use gate_contract::{Applies, Check, Inputs, Phase};
use gate_evidence::store::Store;
use gate_evidence::{Evidence, EvidenceResult, age};
use gate_policy::{Policy, SuiteKind, SuitePolicy};
use gate_report::group::Group;
use gate_report::{Bound, Dimension, NotApplicable, Partition};
use gate_surveys::Surveys;

use super::fingerprint::{self, Fingerprint};
use super::inputs::InputDigests;

/// Threads that plan. A unit takes less than a tenth of a millisecond, and starting a thread as long.
const MOST_THREADS: usize = 4;

/// Which suites run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuiteMode {
    /// Those without fresh evidence, and those that failed last time.
    WithoutEvidence,
    /// The same of one share, for a run that several machines share.
    Share(Partition),
    /// None: a suite without fresh evidence is not run, for the reason [`SUITES_LEFT_OUT`](gate_report::SUITES_LEFT_OUT).
    None,
}

impl SuiteMode {
    /// The share of the suites that runs here; `None` where there is no other.
    pub fn partition(self) -> Option<Partition> {
        match self {
            SuiteMode::Share(partition) => Some(partition),
            SuiteMode::WithoutEvidence | SuiteMode::None => None,
        }
    }
}

/// What the engine can run.
#[derive(Debug, Clone)]
pub enum Unit {
    /// A built-in check.
    Check(&'static Check),
    /// A suite of the policy, or the default suite.
    Suite(Box<SuitePolicy>),
}

impl Unit {
    /// Stable id.
    pub fn id(&self) -> String {
        match self {
            Unit::Check(check) => check.id.to_owned(),
            Unit::Suite(suite) => gate_suites::check_id(suite),
        }
    }

    /// One-line summary.
    pub fn summary(&self) -> String {
        match self {
            Unit::Check(check) => check.summary.to_owned(),
            Unit::Suite(suite) => gate_suites::summary(suite),
        }
    }

    /// Kind of property.
    pub fn dimension(&self) -> Dimension {
        match self {
            Unit::Check(check) => check.dimension,
            Unit::Suite(suite) => match suite.kind {
                SuiteKind::Bench => Dimension::Performance,
                SuiteKind::Drill | SuiteKind::Ready | SuiteKind::Slo => Dimension::Reliability,
                SuiteKind::Equivalence | SuiteKind::Import | SuiteKind::Test | SuiteKind::Tool => {
                    Dimension::Correctness
                }
            },
        }
    }

    /// Group in whose turn it is evaluated.
    pub fn group(&self) -> Group {
        match self {
            Unit::Check(check) => check.group(),
            Unit::Suite(suite) => gate_suites::group(suite),
        }
    }

    /// Whether nothing may run beside it, because it measures.
    pub fn runs_alone(&self) -> bool {
        matches!(self, Unit::Suite(suite) if matches!(suite.kind, SuiteKind::Bench | SuiteKind::Drill))
    }

    /// Whether evidence of it is of use to other machines: it took long to make, and measures none.
    pub fn is_shared(&self) -> bool {
        matches!(self, Unit::Suite(suite) if !matches!(suite.kind, SuiteKind::Bench | SuiteKind::Drill | SuiteKind::Slo))
    }

    /// Stage from which on it blocks.
    pub fn blocks_at(&self) -> Stage {
        match self {
            Unit::Check(check) => check.blocks_at,
            Unit::Suite(suite) => suite.stage,
        }
    }
}

/// What will happen to a unit.
#[derive(Debug, Clone)]
pub enum Action {
    /// It runs, and why.
    Run(String),
    /// Its evidence is reused.
    Reuse(Box<Evidence>),
    /// Another share of the suites has it.
    Elsewhere(Partition),
}

/// One unit of the plan.
#[derive(Debug, Clone)]
pub struct PlanItem {
    /// What it is.
    pub unit: Unit,
    /// Hash over everything it reads.
    pub fingerprint: Fingerprint,
    /// What will happen to it.
    pub action: Action,
}

/// The plan of one evaluation.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Units in the order of the catalogue, suites after the built-in checks.
    pub items: Vec<PlanItem>,
    /// Checks that the verdict judges after the items, in the order of the catalogue.
    pub afterwards: Vec<&'static Check>,
    /// Checks and suites that are no part of the evaluation.
    pub not_applicable: Vec<NotApplicable>,
    /// Surfaces that leave the claim because this machine cannot show them.
    pub bounds: Vec<Bound>,
}

/// What a plan is made from.
#[derive(Clone, Copy)]
pub struct Planner<'a> {
    /// The workspace.
    pub workspace: &'a Surveys,
    /// The policy.
    pub policy: &'a Policy,
    /// The catalogue of built-in checks.
    pub checks: &'a [&'static Check],
    /// Digests of all inputs.
    pub digests: &'a InputDigests<'a>,
    /// Where evidence is kept.
    pub store: &'a Store,
    /// Parts of the fingerprints of the last run.
    pub last: &'a LastInputs,
    /// What checks may see.
    pub inputs: Inputs<'a>,
    /// Whether evidence is made again even where it could be reused.
    pub force: bool,
    /// Which suites run.
    pub suites: SuiteMode,
}

impl Planner<'_> {
    /// Plans built-in checks and the suites of the stage.
    pub fn plan(&self, stage: Stage, packages: &[String]) -> Plan {
        let mut plan = Plan::default();
        let mut units = Vec::new();
        for check in self.checks.iter().copied() {
            match check.rule.applies(&self.inputs) {
                Applies::Yes if check.phase != Phase::Evidence => plan.afterwards.push(check),
                Applies::Yes => units.push(Unit::Check(check)),
                Applies::No(reason) => plan.not_applicable.push(NotApplicable {
                    id: check.id.to_owned(),
                    reason,
                }),
            }
        }
        let mut elsewhere = BTreeMap::new();
        let (suites, later): (Vec<_>, Vec<_>) = gate_suites::of_policy(self.policy, self.workspace, packages, stage)
            .into_iter()
            .partition(|suite| suite.stage <= stage);
        plan.not_applicable.extend(later.iter().map(|suite| NotApplicable {
            id: gate_suites::check_id(suite),
            reason: format!("the suite is declared for {}", suite.stage),
        }));
        for (suite, whose) in self.dealt(suites) {
            let id = gate_suites::check_id(&suite);
            if let Some(whose) = whose {
                elsewhere.insert(id, whose);
                units.push(Unit::Suite(Box::new(suite)));
                continue;
            }
            // What nobody requires and this machine cannot show is left out of the claim, not out of sight.
            if let Some(reason) = gate_suites::unmet(&suite, self.workspace).filter(|_| !suite.required) {
                let bound = Bound {
                    surface: format!("what `{id}` shows"),
                    reason: reason.message.clone(),
                    risk: "medium".to_owned(),
                };
                plan.bounds.push(bound);
                plan.not_applicable.push(NotApplicable {
                    id,
                    reason: reason.message,
                });
                continue;
            }
            units.push(Unit::Suite(Box::new(suite)));
        }
        plan.items = self.items(&units);
        for item in &mut plan.items {
            if let Some(whose) = elsewhere.get(&item.unit.id()) {
                item.action = Action::Elsewhere(*whose);
            }
        }
        plan
    }

    /// Each suite as it runs here, and whose it is where that is another share.
    fn dealt(&self, suites: Vec<SuitePolicy>) -> Vec<(SuitePolicy, Option<Partition>)> {
        match self.suites.partition() {
            Some(partition) => gate_suites::deal(suites, partition),
            None => suites.into_iter().map(|suite| (suite, None)).collect(),
        }
    }

    /// Plans units on all cores. Suites come last in the plan and first here: one reads as much as many checks.
    fn items(&self, units: &[Unit]) -> Vec<PlanItem> {
        let next = AtomicUsize::new(units.len());
        let take = || {
            let before = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
            Some(before.ok()? - 1)
        };
        let plan = || {
            let taken = std::iter::from_fn(take).filter_map(|at| Some((at, self.item(units.get(at)?.clone()))));
            taken.collect::<Vec<(usize, PlanItem)>>()
        };
        let others = std::thread::available_parallelism().map_or(0, |cores| cores.get() - 1);
        let mut items = std::thread::scope(|scope| {
            let others: Vec<_> = (0..others.min(MOST_THREADS - 1)).map(|_| scope.spawn(plan)).collect();
            let mut items = plan();
            for other in others {
                match other.join() {
                    Ok(planned) => items.extend(planned),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            items
        });
        items.sort_by_key(|(at, _)| *at);
        items.into_iter().map(|(_, item)| item).collect()
    }

    /// Plans one unit.
    pub fn item(&self, unit: Unit) -> PlanItem {
        let fingerprint = match &unit {
            Unit::Check(check) => fingerprint::of_check(check, self.digests),
            Unit::Suite(suite) => fingerprint::of_suite(suite, self.workspace, self.digests),
        };
        let action = self.action(&unit, &fingerprint);
        PlanItem {
            unit,
            fingerprint,
            action,
        }
    }

    fn action(&self, unit: &Unit, fingerprint: &Fingerprint) -> Action {
        if let Some(part) = fingerprint.volatile_part() {
            return Action::Run(format!("reads {part}, which is checked on every run"));
        }
        if self.force {
            return Action::Run("`--fresh` was passed".to_owned());
        }
        if let Some(evidence) = self.kept(unit, &fingerprint.digest)
            && evidence.check == unit.id()
        {
            // A failure may be the machine's; a second run is meant to find out.
            let may_run = self.suites != SuiteMode::None;
            let failed = match (unit, &evidence.result) {
                (Unit::Suite(suite), EvidenceResult::Findings(findings)) => gate_suites::is_failure(suite, findings),
                (Unit::Suite(_), _) => evidence.blocks_somewhere(),
                (Unit::Check(_), _) => false,
            };
            if may_run && failed {
                return Action::Run("it failed last time".to_owned());
            }
            if let Err(what) = gate_suites::still_holds(self.workspace, &evidence.reads) {
                return Action::Run(format!("changed: {what}, which it read"));
            }
            if let Some(why) = self.too_old(&evidence) {
                return Action::Run(why);
            }
            return Action::Reuse(Box::new(evidence));
        }
        Action::Run(self.last.why(&unit.id(), fingerprint))
    }
}

impl Planner<'_> {
    /// Evidence of this machine, or of one that shares with it: that of suites, which take long. What a benchmark measured is of
    /// the machine it ran on.
    fn kept(&self, unit: &Unit, fingerprint: &Digest) -> Option<Evidence> {
        let shared = || unit.is_shared().then(|| self.store.fetch(&unit.id(), fingerprint))?;
        self.store.evidence(fingerprint).or_else(shared)
    }

    /// Why evidence is too old for the policy at this stage, if it is.
    fn too_old(&self, evidence: &Evidence) -> Option<String> {
        let limits = self.policy.evidence.age.iter();
        let limit = limits
            .filter(|limit| limit.covers(&evidence.check, self.inputs.stage))
            .map(|limit| limit.max_age)
            .min()?;
        match age::age(&evidence.recorded, self.inputs.now) {
            Some(age) if age <= limit => None,
            Some(age) => {
                let (age, limit) = (age::words(age), age::words(limit));
                Some(format!("its evidence is {age} old, more than the allowed {limit}"))
            }
            None => Some("its evidence is dated in the future".to_owned()),
        }
    }
}

/// Parts of the fingerprints of the last run, kept only to say why something runs again; losing it costs words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastInputs(BTreeMap<String, BTreeMap<String, Digest>>);

impl LastInputs {
    const FILE: &'static str = "last-inputs";
    const VERSION: u32 = 1;

    /// Reads the record of the last run; anything unreadable counts as absent.
    pub fn load(gate_dir: &Path) -> Self {
        record::read(&gate_dir.join(Self::FILE), Self::VERSION).unwrap_or_default()
    }

    /// Keeps the record, if it differs from what was there. Failing to do so costs nothing but words.
    pub fn save_after(&self, plan: &Plan, gate_dir: &Path) {
        let mut next = self.clone();
        let here = |item: &&PlanItem| !matches!(item.action, Action::Elsewhere(_));
        for item in plan.items.iter().filter(here) {
            let parts = item.fingerprint.parts.iter();
            let known = parts.filter_map(|(name, digest)| Some((name.clone(), (*digest)?)));
            next.0.insert(item.unit.id(), known.collect());
        }
        if next != *self {
            let _ = record::write(&gate_dir.join(Self::FILE), Self::VERSION, &next);
        }
    }

    /// Whether this check ran before.
    pub fn knows(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    fn why(&self, id: &str, fingerprint: &Fingerprint) -> String {
        let Some(last) = self.0.get(id) else {
            return "no evidence yet".to_owned();
        };
        let changed: Vec<&str> = fingerprint
            .parts
            .iter()
            .filter(|(name, digest)| *digest != last.get(name).copied())
            .map(|(name, _)| name.as_str())
            .collect();
        if changed.is_empty() {
            "its evidence is missing from the store or could not be kept".to_owned()
        } else {
            format!("changed: {}", changed.join(", "))
        }
    }
}
