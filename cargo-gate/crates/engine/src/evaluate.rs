//! One evaluation: from a workspace and a policy to a report.

use std::time::Instant;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::verdict::{self, Afterwards, Judged, Rules, Verdict, confidence};
use gate_base::digest::sha256_hex;
use gate_base::error::Result;
use gate_base::stage::Stage;
use gate_contract::{Check, CheckInfo, Inputs, Phase, input, stage_contract};
use gate_evidence::history::History;
use gate_evidence::run_dir::RunFile;
use gate_evidence::store::Store;
use gate_evidence::terms;
use gate_evidence::{Evidence, EvidenceResult};
use gate_gpu::kernels;
use gate_policy::{Policy, SuitePolicy};
use gate_report::{
    Artifact, Bound, Confidence, Decision, EvidenceRecord, MaskedReport, OTHER_SHARD, Report, SCHEMA_VERSION,
    SUITES_LEFT_OUT, Subject, Tool,
};
use gate_surveys::Surveys;

use super::TOOL_VERSION;
use super::fix;
use super::inputs::InputDigests;
use super::plan::{Action, LastInputs, Plan, PlanItem, Planner, SuiteMode, Unit};
use super::run::{Completed, Runner};
use gate_base::process::cancel::Cancel;
use gate_evidence::event::{Event, Observer};

/// What to evaluate and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// The stage.
    pub stage: Stage,
    /// Whether warnings block.
    pub strict: bool,
    /// Whether suites run although a built-in check already blocks the stage.
    pub keep_going: bool,
    /// How many suites run at a time, at least 1.
    pub jobs: usize,
    /// Packages the claim is limited to; empty means the whole workspace.
    pub packages: Vec<String>,
    /// The revision since which these packages can be affected, where that is why they were chosen.
    pub since: Option<String>,
    /// Whether evidence is made again even where it could be reused.
    pub fresh: bool,
    /// Which suites run.
    pub suites: SuiteMode,
    /// When the run started.
    pub now: Timestamp,
    /// The same by a clock that nobody sets: durations count from here.
    pub began: Instant,
    /// Id of the run.
    pub run_id: String,
}

/// A finished evaluation: the report and the evidence behind it.
#[derive(Debug)]
pub struct Evaluation {
    /// The report; `run_dir` and `chain` are set once the run directory is written.
    pub report: MaskedReport,
    /// Logs and other evidence that belong into the run directory.
    pub files: Vec<RunFile>,
}

/// The fixed surroundings of an evaluation.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The workspace.
    pub workspace: &'a Surveys,
    /// The policy.
    pub policy: &'a Policy,
    /// Earlier runs.
    pub history: &'a History,
    /// Where evidence is kept.
    pub store: &'a Store,
    /// The catalogue of built-in checks.
    pub checks: &'a [&'static Check],
}

impl<'a> Surroundings<'a> {
    /// What checks may see at this stage and time.
    fn inputs<'r>(&self, request: &'r Request) -> Inputs<'r>
    where
        'a: 'r,
    {
        Inputs {
            packages: &request.packages,
            ..Inputs::new(self.workspace, self.policy, self.history, request.now, request.stage)
        }
    }

    /// Makes the plan and hands it to `with`, together with the record of the last run's inputs.
    pub fn plan<T>(&self, request: &Request, with: impl FnOnce(Plan, &LastInputs) -> T) -> T {
        let inputs = InputDigests::new(self.inputs(request));
        let last = LastInputs::load(&self.workspace.gate_dir());
        let planner = self.planner(&inputs, &last, request);
        with(planner.plan(request.stage, &request.packages), &last)
    }

    /// Evaluates a stage.
    ///
    /// # Errors
    /// Interruption, and failures of the tool (store, processes). What a check could not do is an outcome, no error.
    pub fn evaluate(&self, request: &Request, observer: &dyn Observer, cancel: &Cancel) -> Result<Evaluation> {
        let (plan, last) = self.plan(request, |plan, last| (plan, last.clone()));
        let count = |is: fn(&Action) -> bool| plan.items.iter().filter(|item| is(&item.action)).count();
        observer.event(&Event::Started {
            to_run: count(|action| matches!(action, Action::Run(_))),
            reused: count(|action| matches!(action, Action::Reuse(_))),
        });
        let completed = self.runner(request, observer, cancel).run(&plan)?;
        if request.suites != SuiteMode::None {
            last.save_after(&plan, &self.workspace.gate_dir());
        }
        observer.event(&Event::Finished);

        let mut files = Vec::new();
        let judged = plan
            .items
            .iter()
            .zip(completed)
            .map(|(item, completed)| self.judged(item, completed, &mut files))
            .collect();
        let catalogue: Vec<CheckInfo> = self.checks.iter().map(|check| check.info(self.policy)).collect();
        let afterwards = Afterwards {
            checks: &plan.afterwards,
            inputs: Inputs {
                catalogue: &catalogue,
                ..self.inputs(request)
            },
        };
        let rules = self.rules(request);
        let checklist = plan.afterwards.iter().find(|check| check.phase == Phase::Checklist);
        let mut verdict = verdict::decide(judged, Some(afterwards), self.policy, rules, plan.bounds);
        fix::resolve(&mut verdict.checks, self.workspace);
        let kinds = self.workspace.kinds(self.policy, &request.packages);
        let contract = stage_contract::Evaluated {
            stage: request.stage,
            kinds: &kinds,
            exclusions: &self.policy.exclusions,
            suites: &self.policy.suites,
            catalogue: &catalogue,
            outcomes: &verdict.checks,
        };
        let claims = contract.claims();
        let report = Report {
            schema_version: SCHEMA_VERSION,
            tool: Tool {
                name: "cargo-gate".to_owned(),
                version: TOOL_VERSION.to_owned(),
            },
            run_id: request.run_id.clone(),
            started: request.now.to_string(),
            duration_ms: u64::try_from(request.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            stage: request.stage,
            strict: request.strict,
            partition: request.suites.partition(),
            scope: self.policy.stages.get(&request.stage).map(|stage| stage.scope.clone()),
            decision: verdict.decision,
            exit_code: verdict.exit_code,
            bounds: verdict.bounds,
            claims,
            kinds,
            relaxed: self.policy.relaxed(request.stage),
            counts: verdict.counts,
            subject: Subject {
                selected: terms::selected(&request.packages),
                ..self.subject()
            },
            checklist: checklist
                .and_then(|check| verdict::checklist::entries(check.id, self.policy, request.stage, &verdict.checks)),
            checks: verdict.checks,
            not_applicable: plan.not_applicable,
            unblock: verdict.unblock,
            confidence: self.confidence(request, verdict.decision),
            run_dir: None,
            chain: None,
        };
        Ok(Evaluation {
            report: report.into(),
            files,
        })
    }

    /// The verdict over the runs of all shards, as if this machine had made their evidence: what takes all outcomes is judged
    /// here.
    pub fn united(&self, reports: &[&Report], request: &Request) -> Verdict {
        let outside = reports.iter().flat_map(|report| report.bounds.clone()).collect();
        let plan = self.plan(request, |plan, _| plan);
        let catalogue: Vec<CheckInfo> = self.checks.iter().map(|check| check.info(self.policy)).collect();
        let afterwards = Afterwards {
            checks: &plan.afterwards,
            inputs: Inputs {
                catalogue: &catalogue,
                ..self.inputs(request)
            },
        };
        let judged = verdict::shards::joined(reports);
        let mut verdict = verdict::decide(judged, Some(afterwards), self.policy, self.rules(request), outside);
        let mut seen: Vec<Bound> = Vec::new();
        verdict.bounds.retain(|bound| {
            let is_new = !seen.contains(bound);
            seen.push(bound.clone());
            is_new
        });
        verdict
    }

    /// What earlier runs of the stage and this one say together.
    fn confidence(&self, request: &Request, decision: Decision) -> Option<Confidence> {
        if self.history.damage.is_some() {
            return None;
        }
        let within = self
            .policy
            .history
            .as_ref()
            .map_or(confidence::WINDOW, |history| history.within);
        // A run over uncommitted changes says nothing about what was published, and neither does one that had no git.
        let present = self.is_clean().then_some(decision);
        Some(confidence::of(
            &self.history.entries,
            &terms::workspace(self.workspace),
            request.stage,
            self.history.not_before_last_run(request.now),
            within,
            present,
        ))
    }

    /// Runs suites outside an evaluation and keeps their evidence.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn run_suites(
        &self,
        selected: Vec<SuitePolicy>,
        request: &Request,
        observer: &dyn Observer,
        cancel: &Cancel,
    ) -> Result<Vec<Evidence>> {
        let inputs = InputDigests::new(self.inputs(request));
        let last = LastInputs::load(&self.workspace.gate_dir());
        let planner = self.planner(&inputs, &last, request);
        let items: Vec<PlanItem> = selected
            .into_iter()
            .map(|suite| planner.item(Unit::Suite(Box::new(suite))))
            .collect();
        observer.event(&Event::Started {
            to_run: items.len(),
            reused: 0,
        });
        let plan = Plan {
            items,
            ..Plan::default()
        };
        let completed = self.runner(request, observer, cancel).run(&plan)?;
        last.save_after(&plan, &self.workspace.gate_dir());
        observer.event(&Event::Finished);
        Ok(completed.into_iter().map(|completed| completed.evidence).collect())
    }

    fn planner<'p>(&'p self, inputs: &'p InputDigests<'p>, last: &'p LastInputs, request: &'p Request) -> Planner<'p> {
        Planner {
            workspace: self.workspace,
            policy: self.policy,
            checks: self.checks,
            digests: inputs,
            store: self.store,
            last,
            inputs: self.inputs(request),
            force: request.fresh,
            suites: request.suites,
        }
    }

    fn runner<'p>(&'p self, request: &'p Request, observer: &'p dyn Observer, cancel: &'p Cancel) -> Runner<'p> {
        Runner {
            workspace: self.workspace,
            store: self.store,
            history: self.history,
            inputs: self.inputs(request),
            rules: self.rules(request),
            keep_going: request.keep_going,
            suites: request.suites,
            jobs: request.jobs.max(1),
            observer,
            cancel,
        }
    }

    fn rules<'p>(&self, request: &'p Request) -> Rules<'p> {
        let today = self
            .history
            .not_before_last_run(request.now)
            .to_zoned(TimeZone::UTC)
            .date();
        Rules {
            stage: request.stage,
            strict: request.strict,
            today,
            packages: &request.packages,
            since: request.since.as_deref(),
            partition: request.suites.partition(),
        }
    }

    /// What the verdict needs of one unit; its files go to `files`.
    fn judged(&self, item: &PlanItem, completed: Completed, files: &mut Vec<RunFile>) -> Judged {
        let Completed { evidence, reused, .. } = completed;
        let held_back = matches!(
            &evidence.result,
            EvidenceResult::NotRun(reason) if ["blocked_by", SUITES_LEFT_OUT, OTHER_SHARD].contains(&reason.code.as_str())
        );
        let mut artifacts = Vec::new();
        for file in &evidence.files {
            // A file that vanished since the evidence was looked up is left out; its digest stays in the evidence.
            let Some(bytes) = self.store.bytes(&file.digest) else {
                continue;
            };
            artifacts.push(Artifact {
                path: file.path.clone(),
                sha256: sha256_hex(&bytes),
                size: file.size,
            });
            files.push(RunFile {
                path: file.path.clone(),
                check: evidence.check.clone(),
                bytes,
            });
        }
        let record = EvidenceRecord {
            fingerprint: evidence.fingerprint.to_hex(),
            reused,
            recorded: evidence.recorded,
            duration_ms: evidence.duration_ms,
            commit: evidence.commit,
            suite: evidence.suite,
            artifacts,
        };
        Judged {
            id: item.unit.id(),
            summary: item.unit.summary(),
            dimension: item.unit.dimension(),
            group: item.unit.group(),
            result: evidence.result,
            evidence: (!held_back).then_some(record),
        }
    }

    /// Whether workspace and policy are those of the commit.
    fn is_clean(&self) -> bool {
        let git = self.workspace.git();
        git.is_some_and(|git| git.dirty.is_empty()) && input::uncommitted_bases(self.workspace, self.policy).is_empty()
    }

    /// The workspace as reports describe it.
    pub fn subject(&self) -> Subject {
        let workspace = self.workspace;
        let git = workspace.git();
        Subject {
            name: workspace.name(),
            directory: workspace.directory(),
            selected: Vec::new(),
            commit: git.and_then(|git| git.head.clone()),
            branch: git.and_then(|git| git.branch.clone()),
            dirty: git.map(|_| !self.is_clean()),
            content: workspace.files().content_digest().to_hex(),
            packages: u32::try_from(workspace.cargo().members.len()).unwrap_or(u32::MAX),
            files: u32::try_from(workspace.files().len()).unwrap_or(u32::MAX),
            policy_sha256: terms::policy(self.policy),
            kernels: kernels::sets::present_fingerprint(workspace),
        }
    }
}
